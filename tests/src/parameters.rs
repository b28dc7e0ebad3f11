//! A value for every parameter of every action, by the name of the parameter.

use roadstead_cloud::catalog::ActionInfo;
use serde_json::{Map, Value, json};

use crate::houses::Things;

/// Parameters for an action on these things.
pub fn of(action: &ActionInfo, things: &Things) -> Value {
    let mut parameters = Map::new();
    for name in action.parameters {
        let value = find(action, name, things).unwrap_or(Value::Null);
        if !value.is_null() {
            parameters.insert((*name).to_owned(), value);
        }
    }
    Value::Object(parameters)
}

/// The value of a parameter. Null means that the parameter is left out. `None` means that this file has no value for
/// it.
pub fn find(action: &ActionInfo, name: &str, things: &Things) -> Option<Value> {
    special(action.name, name, things).or_else(|| value(name, things))
}

/// The value of a parameter whose name has another meaning or type in this action. Null means that it is left out.
fn special(action: &str, name: &str, things: &Things) -> Option<Value> {
    let repository = format!("{}/{}", things.namespace, things.repository);
    let instance = !action.ends_with("Personal");
    Some(match (action, name) {
        ("CreateNamespacePersonal", "Namespace") => json!(format!("{}-new", things.namespace)),
        ("CreateRepositoryPersonal", "RepoName") => json!(format!("{}/new", things.namespace)),
        ("DuplicateImagePersonal", "DestImage") => json!(format!("{repository}:v2")),
        ("DeletePolicy", "PolicyId") => json!([things.policy]),
        (
            "AddUser" | "CreateGroup" | "CreatePolicy" | "CreateRole",
            "Name" | "GroupName" | "PolicyName" | "RoleName",
        ) => {
            json!(format!("new-{}", things.namespace))
        }
        ("CreateOIDCConfig", "Name") => json!(format!("new-{}", things.namespace)),
        ("DeleteOIDCConfig" | "DescribeOIDCConfig" | "UpdateOIDCConfig", "Name") => json!(things.provider),
        ("UpdateGroup", "GroupName") | ("UpdatePolicy", "PolicyName" | "Alias") => Value::Null,
        ("CreateRole" | "UpdateAssumeRolePolicy", "PolicyDocument") => json!(
            json!({"version": "2.0", "statement": [{
                "effect": "allow", "action": "name/sts:AssumeRole",
                "principal": {"qcs": [format!("qcs::cam::uin/{}:root", things.owner_uin)]},
            }]})
            .to_string()
        ),
        ("CreateInstance", "RegistryName") => json!(format!("new-{}", things.namespace)),
        ("CheckInstanceName", "RegistryName") => json!(format!("free-{}", things.namespace)),
        ("CreateNamespace", "NamespaceName") => json!("new"),
        ("CreateRepository", "RepositoryName") => json!("new"),
        ("ExplainAuthorization", "Operation") => json!("ccr:pull"),
        ("GetFederationToken", "Name") => json!("somebody"),
        ("GetUser" | "DeleteUser" | "UpdateUser", "Name") => json!(things.user),
        ("ManageImageLifecycleGlobalPersonal", "Type") => json!("global_keep_last_nums"),
        (_, "RepoName") => json!(repository),
        (_, "Tags")
            if matches!(action, "CreatePolicy" | "CreateRole" | "AssumeRole" | "DescribeRoleList" | "TagRole") =>
        {
            json!([])
        }
        (_, "Namespace") if instance => json!(things.namespace),
        _ => return None,
    })
}

/// The value of a parameter whose name has the same meaning in all actions.
fn value(name: &str, things: &Things) -> Option<Value> {
    let repository = format!("{}/{}", things.namespace, things.repository);
    let document = json!({"version": "2.0", "statement": [{"effect": "allow", "action": "ccr:pull", "resource": "*"}]});
    let uin: u64 = things.uin.parse().unwrap();
    Some(match name {
        // The personal edition.
        "RepoName" => json!(repository),
        "RepoNames" => json!([repository]),
        "Namespace" | "NamespaceName" => json!(things.namespace),
        "Tag" | "ImageVersion" | "Reference" => json!("v1"),
        "Tags" => json!(["v1"]),
        "SrcImage" => json!(format!("{repository}:v1")),
        "DestImage" => json!(format!("{repository}:v2")),
        "Public" | "Val" => json!(1),
        "Type" => json!("keep_last_nums"),
        "TriggerName" => json!(things.trigger),
        "NewTriggerName" => json!("renamed"),
        "InvokeMethod" => json!("all"),
        "InvokeExpr" => json!(""),
        "ClusterId" | "WorkloadName" | "ContainerName" => json!("deployment"),
        "WorkloadType" => json!("Deployment"),
        "ClusterRegion" | "RegionId" => json!(1),
        "RepoType" | "OrderBy" | "Order" | "SortBy" | "RegionName" => Value::Null,
        "Favors" => json!([{"RepoName": repository, "RepoType": "private"}]),
        "Username" => json!(things.owner_uin),
        // Instances.
        "RegistryId" | "InstanceId" => json!(things.instance),
        "RegistryIds" | "Registryids" => json!([things.instance]),
        "RegistryName" => json!(things.instance_name),
        "RegistryType" => json!("basic"),
        "RegistryChargeType" => json!(0),
        "RepositoryName" => json!(things.repository),
        "SourceNamespace" | "DestinationNamespace" => json!(things.namespace),
        "SourceRepo" | "DestinationRepo" => json!(things.repository),
        "SourceReference" => json!("v1"),
        "DestinationTag" => json!("v2"),
        "Override" => json!(false),
        "Digest" => json!(things.digest),
        "TokenId" => json!(things.token),
        "TokenType" => json!("longterm"),
        "Desc" | "BriefDescription" | "Description" | "Remark" => json!("text"),
        "IsPublic" | "Enable" | "All" | "AllRegion" | "ExactMatch" | "DeleteBucket" | "ForceDelete" => json!(false),
        "Duration" | "ModifyFlag" => json!(1),
        "DeletionProtection" | "EnableCosVersioning" | "EnableCosMAZ" | "SyncTag" => json!(false),
        "IsAutoScan" | "IsPreventVUL" | "KmsSignPolicy" => json!(false),
        "TagSpecification" | "RegistryChargePrepaid" | "Severity" | "CVEWhitelistItems" => Value::Null,
        "StartTime" | "EndTime" | "Outcome" | "Cursor" => Value::Null,
        // Access management.
        "TargetUin" | "AttachUin" | "DetachUin" | "SubUin" => json!(uin),
        "Uin" => json!(things.uin),
        "GroupId" | "AttachGroupId" | "DetachGroupId" | "TargetGroupId" => json!(things.group),
        "Info" => json!([{"GroupId": things.group, "Uin": things.uin}]),
        "PolicyId" => json!(things.policy),
        "RoleName" | "AttachRoleName" | "DetachRoleName" => json!(things.role),
        "RoleId" | "AttachRoleId" | "DetachRoleId" => json!(things.role_id.to_string()),
        "AccessKeyId" => json!(things.secret_id),
        "SecretIdList" => json!([things.secret_id]),
        "Name" | "GroupName" | "PolicyName" => json!("a-name"),
        "PolicyDocument" | "Policy" => json!(document.to_string()),
        "Password" => json!("Passw0rd-for-tests"),
        "Status" => json!("Active"),
        "Scope" | "EntityFilter" => json!("All"),
        "AttachType" | "Force" | "ConsoleLogin" | "UseApi" | "NeedResetPassword" => json!(0),
        "Page" => json!(1),
        "Rp" | "Limit" | "PageSize" => json!(20),
        "Offset" => json!(0),
        "SessionDuration" | "DurationSeconds" => json!(3600),
        "Keyword" | "StrategyType" | "PolicyType" | "Alias" | "ExternalId" | "PhoneNum" | "CountryCode" | "Email" => {
            Value::Null
        }
        "Uid" | "Filters" | "SourceIdentity" | "SerialNumber" | "TokenCode" | "TagKeys" => Value::Null,
        "IdentityUrl" => json!("https://issuer.example.com"),
        "IdentityKey" => json!(things.keys),
        "ClientId" => json!(["registry"]),
        "AutoRotateKey" => json!(0),
        // Temporary credentials.
        "ProviderId" => json!(things.provider),
        // A bad token. Other tests use a good one.
        "WebIdentityToken" => json!("a.b.c"),
        "RoleArn" => json!(format!("qcs::cam::uin/{}:roleName/{}", things.owner_uin, things.role)),
        "RoleSessionName" => json!("session"),
        "Operation" => json!("ccr:pull"),
        "Resource" => json!(repository),
        "SourceIp" => json!("10.0.0.1"),
        _ => return None,
    })
}
