"""Anybody's network and pictures, made into a handover."""
