"""Requests and answers: one door to the network, and one way to try again."""
