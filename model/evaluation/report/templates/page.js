// Without this script every image is shown, from the worst score to the best.
const form = document.querySelector("form");
const figures = [...document.querySelectorAll("figure")];
const shown = form.querySelector("output");

function arrange() {
  const { kind, order } = Object.fromEntries(new FormData(form));
  const count = (figure) => Number(figure.getAttribute(`data-${order}`) ?? 0);
  const fits = (figure) => (!kind || figure.dataset.kind === kind) && (!order || count(figure) > 0);
  // sorting keeps the order of equals, which is that of the scores
  const sorted = order ? [...figures].sort((a, b) => count(b) - count(a)) : figures;
  for (const figure of sorted) {
    figure.hidden = !fits(figure);
    figure.parentNode.append(figure);
  }
  const number = figures.filter(fits).length;
  shown.textContent = `${number} of ${figures.length} images`;
}

form.hidden = false;
form.addEventListener("input", arrange);
arrange();
