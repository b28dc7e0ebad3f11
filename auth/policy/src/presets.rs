//! The preset policies of every account.

/// A preset policy. It cannot be changed and is not a row of the database; attachments refer to its id.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The id that it is attached by.
    pub id: i64,
    /// The name. Custom policies cannot have it.
    pub name: &'static str,
    /// What it allows, in one sentence.
    pub description: &'static str,
    /// The document.
    pub document: &'static str,
}

const PRESETS: &[Preset] = &[
    Preset {
        id: 1,
        name: "AdministratorAccess",
        description: "Everything that the account may do, except what is for its owner alone.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#,
    },
    Preset {
        id: 419_082,
        name: "QcloudCCRFullAccess",
        description: "Everything in the personal edition of the registry.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:*","resource":"*"}]}"#,
    },
    Preset {
        id: 419_084,
        name: "QcloudCCRReadOnlyAccess",
        description: "Pulling from the personal edition of the registry, and looking at it.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["ccr:pull","ccr:Get*","ccr:Describe*","ccr:Validate*"],"resource":"*"}]}"#,
    },
    Preset {
        id: 419_090,
        name: "QcloudCCBFullAccess",
        description: "Triggers and builds of the personal edition, for whoever has a policy of the registry too.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccb:*","resource":"*"}]}"#,
    },
    Preset {
        id: 419_100,
        name: "QcloudTKEFullAccess",
        description: "Everything with clusters, so that triggers may act on them.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["tke:*","ccs:*"],"resource":"*"}]}"#,
    },
    Preset {
        id: 419_101,
        name: "QcloudTKEInnerFullAccess",
        description: "Everything with clusters and what is in them.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["tke:*","ccs:*"],"resource":"*"}]}"#,
    },
    Preset {
        id: 419_102,
        name: "QcloudTKEReadOnlyAccess",
        description: "Looking at clusters.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["tke:Describe*","ccs:Describe*"],"resource":"*"}]}"#,
    },
    Preset {
        id: 30_100_465,
        name: "QcloudTCRFullAccess",
        description: "Everything in the registry, its instances included.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["tcr:*","cam:GetRole"],"resource":"*"}]}"#,
    },
    Preset {
        id: 30_100_579,
        name: "QcloudTCRReadOnlyAccess",
        description: "Pulling from the registry and its instances, and looking at them.",
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["tcr:Describe*","tcr:PullRepository*","cam:GetRole"],"resource":"*"}]}"#,
    },
];

/// Returns every preset policy, by id.
pub fn all() -> &'static [Preset] {
    PRESETS
}

/// Returns the preset with this id.
pub fn get(id: i64) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.id == id)
}
