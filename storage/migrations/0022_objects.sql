-- Keys have a format since step 19. A server of a release before it would look for its objects by keys without one, find none, and
-- sweep them all. Its statements name a column that is not there any more, and fail.
ALTER TABLE blobs RENAME COLUMN object_key TO object;
