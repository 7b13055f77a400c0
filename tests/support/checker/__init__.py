"""The offline checker: acknowledged ⊆ stored ⊆ searchable or held, each exactly once.

It reads what lies on disk with readers of its own, shares none with the product, and says what is wrong.
"""
