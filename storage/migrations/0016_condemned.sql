-- The registry of deleted repositories. It has no host, and one namespace for each owner. Its content is deleted in
-- small steps.
INSERT INTO registries (id, name, created_at) VALUES (0, 'condemned', 0);
