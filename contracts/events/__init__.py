"""Facts. One file per aggregate; past tense; every version of every type decodes for ever (see ``contracts.codec``)."""
