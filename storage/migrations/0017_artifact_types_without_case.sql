-- Media types are compared without case: they are searched for in lower case.
UPDATE manifests SET artifact_type = lower(artifact_type) WHERE artifact_type <> lower(artifact_type);
