"""Runs on disk: written, read, joined, handed on."""
