-- Whether everybody may read a repository of an instance follows from its namespace, and is not kept with the repository.
UPDATE repositories SET public = 0 WHERE registry_id > 1 AND public <> 0;
