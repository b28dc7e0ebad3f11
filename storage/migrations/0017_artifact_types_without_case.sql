-- Media types are compared in lower case.
UPDATE manifests SET artifact_type = lower(artifact_type) WHERE artifact_type <> lower(artifact_type);
