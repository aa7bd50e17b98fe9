"""The mail catcher: takes every mail that the stack sends, keeps it in a Maildir, and shows it on a page."""
