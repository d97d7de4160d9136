"""What visitors see when there is nothing to show: small self-contained pages, JSON problems for programs."""


class Pages:
    """Renders the front door's own answers; see the functions for what each says."""
