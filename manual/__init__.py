"""`make manual`: the people's manual, with pictures of the pages as they really are."""
