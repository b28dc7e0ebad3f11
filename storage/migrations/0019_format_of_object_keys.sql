-- The prefix of an object key tells the format of its path. All objects so far have our own format.
UPDATE blobs SET object_key = 'own:' || object_key;
