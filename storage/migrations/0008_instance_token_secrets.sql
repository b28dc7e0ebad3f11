-- The tokens of before were sealed with the master key, and hold a secret of another form. They have to be made anew.
DELETE FROM instance_tokens;
