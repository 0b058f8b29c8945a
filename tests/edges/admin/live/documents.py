"""Documents as brands have them, for property tests: nested, and never with null."""

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "EUR", "pending"])
LEAVES = (
    st.integers(0, 3)
    | st.sampled_from(["", "1.00", "2.00"])
    | st.lists(st.sampled_from(["x", "y"]), max_size=2)
)
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6),
    max_size=4,
)
BRANDS = st.sampled_from(["acme", "other", "third"])
STATES = st.dictionaries(BRANDS, DOCUMENTS, max_size=3)
