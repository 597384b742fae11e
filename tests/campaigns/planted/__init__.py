"""The campaign `planted`: bugs put in on purpose, and the checks that must see them."""
