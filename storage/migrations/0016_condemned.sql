-- The registry of repositories that were deleted. No host leads to it, and it has a namespace for each owner. What is in them goes
-- in small parts.
INSERT INTO registries (id, name, created_at) VALUES (0, 'condemned', 0);
