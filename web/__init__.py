"""The web front: pages for applicants, hooks and checks for machines."""
