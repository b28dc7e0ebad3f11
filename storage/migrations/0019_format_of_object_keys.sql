-- The key of an object says how its path is laid out. All objects so far are of our own form.
UPDATE blobs SET object_key = 'own:' || object_key;
