"""GitOps for outreach sequences in Kalent."""

__version__ = "0.1.0"
