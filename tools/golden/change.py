"""Configurations of golden models, changed."""


def but(base: dict, *left_out: str, **changes) -> dict:
    """base with changes, without the keys left out."""
    return {k: v for k, v in (base | changes).items() if k not in left_out}


def rope(base: dict, *left_out: str, **scaling) -> dict:
    """base with rope_scaling; max_position, theta, ... among the changes of `but` stay as they are."""
    return but(base, *left_out, rope_scaling=scaling)
