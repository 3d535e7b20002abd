"""The U-Net, and how it is run: precision, folded batch norms, batched requests."""
