"""Carries out a plan: the protocol of safe creation."""
