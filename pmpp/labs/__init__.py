"""The labs: programs that answer a question with a picture and check what the picture claims. `pmpp lab` runs them."""

LABS = {
    "edges": "what the weights of a convolution do to a photograph",
    "descent": "how weights are found: downhill, with two weights and with thousands",
    "faces": "a detector of faces, from small pictures to marks on a photograph",
    "digits": "handwritten digits, read by two layers of convolution",
}
"""Every lab and its question, in the order to read them."""
