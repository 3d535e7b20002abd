// What pages do by themselves: parts that refresh, and forms that answer at once. Without it, everything still works.
"use strict";

async function refresh(part) {
  if (document.hidden || part.contains(document.activeElement)) return;
  try {
    const answer = await fetch(part.dataset.refresh, { headers: { accept: "text/html" }, redirect: "error" });
    if (answer.ok) part.innerHTML = await answer.text();
  } catch {
    // the server is away: the page says as of when it is, and asks again
  }
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  setInterval(() => refresh(part), 1000 * Number(part.dataset.seconds));
  if (part.querySelector("[data-soon]")) setTimeout(() => refresh(part), 1000);
}

// a plot that is still being counted: ask again until it is there
async function follow(part) {
  const answer = await fetch(part.dataset.follow);
  if (!answer.ok) {
    part.textContent = "The plot can’t be made now. Reload the page to try again.";
    return;
  }
  part.innerHTML = await answer.text();
  if (answer.headers.get("x-unfinished")) setTimeout(() => follow(part), 700);
}

for (const part of document.querySelectorAll("[data-follow]")) follow(part);

// a search that found nothing yet, and isn't at its end
const onward = document.querySelector("a[data-onward]");
if (onward) setTimeout(() => location.replace(onward.href), 300);

for (const chooser of document.querySelectorAll("form[data-immediate]")) {
  chooser.addEventListener("change", () => chooser.requestSubmit());
}

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}
