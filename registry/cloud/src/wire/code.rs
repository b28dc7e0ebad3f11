//! The table of error codes of the cloud API.
//!
//! A variant has the name of its code without the dots. The document of an action lists the codes that it answers. This
//! table contains the codes that this server answers and the official SDKs know, and `RequestSizeLimitExceeded`, which
//! the gateway of the cloud answers. Codes that only the document has are in `document.rs`.

use super::language::Language;

macro_rules! codes {
    ($($variant:ident, $wire:literal, $english:literal, $chinese:literal;)*) => {
        /// The error codes of the cloud API.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code { $(#[doc = $english] $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the code as the SDKs spell it.
            pub const fn wire(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }

            /// Returns the meaning of the code.
            pub const fn message(self, language: Language) -> &'static str {
                match language {
                    Language::English => match self { $(Self::$variant => $english,)* },
                    Language::Chinese => match self { $(Self::$variant => $chinese,)* },
                }
            }
        }
    };
}

codes! {
    AuthFailureInvalidSecretId, "AuthFailure.InvalidSecretId", "the SecretId is not that of an API key", "密钥非法（不是云 API 密钥类型）。";
    AuthFailureSecretIdNotFound, "AuthFailure.SecretIdNotFound", "the SecretId does not exist: it has been deleted or disabled, or is misspelt", "密钥不存在。请检查密钥是否已被删除或者禁用，如状态正常，请检查密钥是否填写正确，注意前后不得有空格。";
    AuthFailureSignatureExpire, "AuthFailure.SignatureExpire", "the signature has expired: the timestamp is more than five minutes off the server's clock", "签名过期。Timestamp 和服务器时间相差不得超过五分钟，请检查本地时间是否和标准时间同步。";
    AuthFailureSignatureFailure, "AuthFailure.SignatureFailure", "The provided credentials could not be validated. Please check your signature is correct.", "签名错误。签名计算错误，请对照调用方式中的接口鉴权文档检查签名计算过程。";
    AuthFailureTokenFailure, "AuthFailure.TokenFailure", "the token is wrong or has expired", "token 错误。";
    AuthFailureUnauthorizedOperation, "AuthFailure.UnauthorizedOperation", "the request is not authorized by CAM", "请求未 CAM 授权。";
    DryRunOperation, "DryRunOperation", "the request would have succeeded, but for the parameter DryRun", "DryRun 操作，代表请求将会是成功的，只是多传了 DryRun 参数。";
    FailedOperationPolicyFull, "FailedOperation.PolicyFull", "the account has as many policies as it may have", "用户策略数超过上限。";
    FailedOperationPolicyNameInUse, "FailedOperation.PolicyNameInUse", "there is a policy of this name already", "PolicyName字段指定的策略名已存在。";
    FailedOperationTempKeyNotAllowed, "FailedOperation.TempKeyNotAllowed", "temporary credentials cannot be used for this", "该接口不支持临时密钥调用";
    FailedOperationUnmodifiable, "FailedOperation.Unmodifiable", "this cannot be changed", "禁止变更";
    InternalError, "InternalError", "an internal error; the server's log has the RequestId", "内部错误。";
    InternalErrorDbError, "InternalError.DbError", "the database failed", "数据库错误。";
    InternalErrorErrConflict, "InternalError.ErrConflict", "the target conflicts with another", "目标冲突。";
    InternalErrorErrNotExist, "InternalError.ErrNotExist", "the target does not exist", "目标不存在。";
    InternalErrorErrUnauthorized, "InternalError.ErrUnauthorized", "the permission check failed", "鉴权失败。";
    InternalErrorErrorConflict, "InternalError.ErrorConflict", "the resource exists already", "资源已存在。";
    InternalErrorErrorOverLimit, "InternalError.ErrorOverLimit", "a quota is exceeded", "资源超过配额。";
    InternalErrorErrorTcrResourceConflict, "InternalError.ErrorTcrResourceConflict", "there is a conflicting resource in the instance", "Tcr实例资源冲突。";
    InternalErrorUnknown, "InternalError.Unknown", "an unknown error", "未知错误。";
    InvalidAction, "InvalidAction", "there is no such action", "接口不存在。";
    InvalidParameter, "InvalidParameter", "a parameter is wrong", "参数错误。";
    InvalidParameterAccessKeyNotSupport, "InvalidParameter.AccessKeyNotSupport", "keys of this kind are not supported", "不支持该类型密钥。";
    InvalidParameterActionError, "InvalidParameter.ActionError", "an action of the policy is not well-formed", "策略文档的Action字段不合法。";
    InvalidParameterActionNotExist, "InvalidParameter.ActionNotExist", "an action of the policy does not exist", "策略语法中操作不存在。";
    InvalidParameterAttachmentFull, "InvalidParameter.AttachmentFull", "the target has as many policies attached as it may have", "principal字段的授权对象关联策略数已达到上限。";
    InvalidParameterConditionContentError, "InvalidParameter.ConditionContentError", "a value in a condition of the policy is wrong", "策略语法中条件内容不正确。";
    InvalidParameterConditionError, "InvalidParameter.ConditionError", "a condition of the policy is not well-formed", "策略文档的condition字段不合法。";
    InvalidParameterConditionTypeError, "InvalidParameter.ConditionTypeError", "an operator in a condition of the policy does not exist", "策略语法中条件操作符不正确。";
    InvalidParameterDescriptionLengthOverlimit, "InvalidParameter.DescriptionLengthOverlimit", "the description is longer than 300 bytes", "Description入参长度不能大于300字节。";
    InvalidParameterEffectError, "InvalidParameter.EffectError", "an effect of the policy is neither allow nor deny", "策略文档的Effect字段不合法。";
    InvalidParameterEntityFilterError, "InvalidParameter.EntityFilterError", "the EntityFilter is wrong", "EntityFilter字段不合法。";
    InvalidParameterErrNsMisMatch, "InvalidParameter.ErrNSMisMatch", "the request does not match the caller's namespaces", "用户请求中的信息与其namespace不匹配";
    InvalidParameterErrNamespaceExist, "InvalidParameter.ErrNamespaceExist", "there is a namespace of this name already", "命名空间名称已经存在";
    InvalidParameterErrNamespaceReserved, "InvalidParameter.ErrNamespaceReserved", "the name of the namespace is reserved or taken", "命名空间已被占用";
    InvalidParameterErrRepoExist, "InvalidParameter.ErrRepoExist", "there is a repository of this name already", "无效的参数，仓库已存在。";
    InvalidParameterErrTooLarge, "InvalidParameter.ErrTooLarge", "there are too many parameters", "参数过多。";
    InvalidParameterErrTriggerExist, "InvalidParameter.ErrTriggerExist", "there is a trigger of this name already", "触发器名称已存在";
    InvalidParameterErrUserExist, "InvalidParameter.ErrUserExist", "the user exists already", "用户已经存在";
    InvalidParameterErrorTagOverLimit, "InvalidParameter.ErrorTagOverLimit", "there are more than ten cloud tags", "云标签超过10个上限。";
    InvalidParameterGrantOtherResource, "InvalidParameter.GrantOtherResource", "the policy names resources of another account", "越权访问资源。";
    InvalidParameterGroupFull, "InvalidParameter.GroupFull", "the account has as many groups as it may have", "用户组数量达到上限。";
    InvalidParameterGroupNameInUse, "InvalidParameter.GroupNameInUse", "there is a group of this name already", "用户组名称重复。";
    InvalidParameterGroupNotExist, "InvalidParameter.GroupNotExist", "the group does not exist", "用户组不存在。";
    InvalidParameterGroupUserFull, "InvalidParameter.GroupUserFull", "the group has as many users as it may have", "用户组中的子用户数量达到上限。";
    InvalidParameterIdentityNameInUse, "InvalidParameter.IdentityNameInUse", "there is an identity provider of this name already", "身份提供商名称已经使用。";
    InvalidParameterOverTimeError, "InvalidParameter.OverTimeError", "the duration is out of range", "过期时间超过阈值。";
    InvalidParameterParamError, "InvalidParameter.ParamError", "a parameter is wrong", "非法入参。";
    InvalidParameterPasswordViolatedRules, "InvalidParameter.PasswordViolatedRules", "the password breaks the rules of the account", "密码不符合用户安全设置。";
    InvalidParameterPolicyDocumentError, "InvalidParameter.PolicyDocumentError", "the policy is not well-formed JSON", "PolicyDocument字段不合法。";
    InvalidParameterPolicyDocumentLengthOverLimit, "InvalidParameter.PolicyDocumentLengthOverLimit", "the policy is too long", "PolicyDocument字段超过长度限制。";
    InvalidParameterPolicyIdError, "InvalidParameter.PolicyIdError", "the PolicyId is wrong", "输入参数PolicyId不合法。";
    InvalidParameterPolicyIdNotExist, "InvalidParameter.PolicyIdNotExist", "the policy does not exist", "策略ID不存在。";
    InvalidParameterPolicyNameError, "InvalidParameter.PolicyNameError", "the name cannot be that of a policy", "PolicyName字段不合法。";
    InvalidParameterPolicyTooLong, "InvalidParameter.PolicyTooLong", "the policy is too long", "策略过长。";
    InvalidParameterPrincipalError, "InvalidParameter.PrincipalError", "a principal of the policy is not well-formed", "策略文档的principal字段不合法。";
    InvalidParameterResouceError, "InvalidParameter.ResouceError", "a resource of the policy is not well-formed", "策略资源六段式错误。";
    InvalidParameterResourceContentError, "InvalidParameter.ResourceContentError", "the path of a resource of the policy is wrong", "策略语法中资源内容不正确。";
    InvalidParameterResourceError, "InvalidParameter.ResourceError", "a resource of the policy is not well-formed", "策略文档的Resource字段不合法。";
    InvalidParameterResourceProjectError, "InvalidParameter.ResourceProjectError", "the project of a resource of the policy is wrong", "策略语法中资源项目不正确。";
    InvalidParameterResourceRegionError, "InvalidParameter.ResourceRegionError", "the region of a resource of the policy is wrong", "策略语法中资源地域不正确。";
    InvalidParameterResourceServiceNotExist, "InvalidParameter.ResourceServiceNotExist", "the service of a resource of the policy does not exist", "策略语法中资源服务不存在。";
    InvalidParameterResourceUinError, "InvalidParameter.ResourceUinError", "a resource of the policy belongs to another account", "策略语法中资源所属主账号不正确。";
    InvalidParameterRoleFull, "InvalidParameter.RoleFull", "the account has as many roles as it may have", "角色数量达到上限。";
    InvalidParameterRoleNameError, "InvalidParameter.RoleNameError", "the name cannot be that of a role", "角色名不合法。";
    InvalidParameterRoleNameInUse, "InvalidParameter.RoleNameInUse", "there is a role of this name already", "相同名称的角色已存在。";
    InvalidParameterRoleNotExist, "InvalidParameter.RoleNotExist", "the role does not exist", "角色不存在。";
    InvalidParameterScopeError, "InvalidParameter.ScopeError", "the Scope is wrong", "Scope字段不合法。";
    InvalidParameterSearchKeywordLengthError, "InvalidParameter.SearchKeywordLengthError", "the keyword is too short or too long", "查询关键字长度错误。";
    InvalidParameterStatementError, "InvalidParameter.StatementError", "a statement of the policy is not well-formed", "策略文档的Statement字段不合法。";
    InvalidParameterStrategyFormatError, "InvalidParameter.StrategyFormatError", "the policy is not well-formed", "策略语法错误。";
    InvalidParameterStrategyInvalid, "InvalidParameter.StrategyInvalid", "the policy is not valid", "非法策略。";
    InvalidParameterSubUserFull, "InvalidParameter.SubUserFull", "the account has as many sub-accounts as it may have", "子账号数量达到上限。";
    InvalidParameterSubUserNameInUse, "InvalidParameter.SubUserNameInUse", "there is a sub-account of this name already", "子用户名称重复。";
    InvalidParameterTagLimitExceeded, "InvalidParameter.TagLimitExceeded", "there are too many tags", "超出标签限制。";
    InvalidParameterTagParamError, "InvalidParameter.TagParamError", "a tag is wrong", "标签参数错误。";
    InvalidParameterUserGroupFull, "InvalidParameter.UserGroupFull", "the user is in as many groups as it may be", "子用户加入的用户组数量达到上限。";
    InvalidParameterUserNameIllegal, "InvalidParameter.UserNameIllegal", "the name cannot be that of a user", "用户名不合法。";
    InvalidParameterUserNotExist, "InvalidParameter.UserNotExist", "the user does not exist", "用户对象不存在。";
    InvalidParameterUserUinAndUinNotAllNull, "InvalidParameter.UserUinAndUinNotAllNull", "either the Uin or the Uid of the user is needed", "用户的Uin和Uid不能都为空。";
    InvalidParameterVersionError, "InvalidParameter.VersionError", "the version of the policy is not 2.0", "策略文档的Version字段不合法。";
    InvalidParameterWebIdentityTokenError, "InvalidParameter.WebIdentityTokenError", "the WebIdentityToken is wrong", "WebIdentityToken参数错误。";
    InvalidParameterValue, "InvalidParameterValue", "the value of a parameter is wrong", "参数取值错误。";
    InvalidParameterValueIdentityKeyError, "InvalidParameterValue.IdentityKeyError", "the public key of the identity provider is wrong", "OIDC签名公钥错误。";
    InvalidParameterValueIdentityUrlError, "InvalidParameterValue.IdentityUrlError", "the URL of the identity provider is wrong", "身份提供商URL错误。";
    InvalidParameterValueNameError, "InvalidParameterValue.NameError", "the name cannot be that of an identity provider", "身份提供商名称错误。";
    LimitExceeded, "LimitExceeded", "a quota is exceeded", "超过配额限制。";
    LimitExceededErrNamespaceMaxLimit, "LimitExceeded.ErrNamespaceMaxLimit", "the user has as many namespaces as the quota allows", "用户命名空间达到配额";
    LimitExceededErrRepoMaxLimit, "LimitExceeded.ErrRepoMaxLimit", "the user has as many repositories as the quota allows", "用户仓库已经达到最大配额。";
    LimitExceededErrTriggerMaxLimit, "LimitExceeded.ErrTriggerMaxLimit", "the user has as many triggers as the quota allows", "触发器达到配额";
    LimitExceededIdentityFull, "LimitExceeded.IdentityFull", "the account has as many identity providers as it may have", "身份提供商已达到上限。";
    MissingParameter, "MissingParameter", "a parameter is missing", "缺少参数错误。";
    MissingParameterMissingParameter, "MissingParameter.MissingParameter", "a parameter is missing", "缺少参数";
    NoSuchVersion, "NoSuchVersion", "there is no such version of the API", "接口版本不存在。";
    OperationDenied, "OperationDenied", "the operation is denied", "操作被拒绝。";
    OperationDeniedAccessKeyOverLimit, "OperationDenied.AccessKeyOverLimit", "an account has two access keys at most", "每个账号最多支持两个AccessKey。";
    OperationDeniedHaveKeys, "OperationDenied.HaveKeys", "the user still has access keys", "存在未删除的API密钥。";
    OperationDeniedSubUin, "OperationDenied.SubUin", "a sub-account cannot work on the keys of its main account", "子用户不允许操作主账号密钥。";
    OperationDeniedUinNotMatch, "OperationDenied.UinNotMatch", "the key does not belong to the account", "被操作密钥与账号不匹配。";
    RequestLimitExceeded, "RequestLimitExceeded", "too many requests", "请求的次数超过了频率限制。";
    RequestSizeLimitExceeded, "RequestSizeLimitExceeded", "the request is too large", "请求包超过限制大小。";
    ResourceInUse, "ResourceInUse", "the resource is in use", "资源被占用。";
    ResourceNotFound, "ResourceNotFound", "the resource does not exist", "资源不存在。";
    ResourceNotFoundErrNoNamespace, "ResourceNotFound.ErrNoNamespace", "there is no such namespace", "用户没有创建命名空间";
    ResourceNotFoundErrNoRepo, "ResourceNotFound.ErrNoRepo", "there is no such repository", "仓库不存在";
    ResourceNotFoundErrNoTag, "ResourceNotFound.ErrNoTag", "there is no such tag", "tag不存在";
    ResourceNotFoundErrNoTrigger, "ResourceNotFound.ErrNoTrigger", "there is no such trigger", "触发器不存在";
    ResourceNotFoundErrNoUser, "ResourceNotFound.ErrNoUser", "there is no such user: it has not registered", "用户不存在（未注册）";
    ResourceNotFoundGroupNotExist, "ResourceNotFound.GroupNotExist", "the group does not exist", "用户组不存在。";
    ResourceNotFoundIdentityNotExist, "ResourceNotFound.IdentityNotExist", "the identity provider does not exist", "身份提供商不存在。";
    ResourceNotFoundPolicyIdNotFound, "ResourceNotFound.PolicyIdNotFound", "the policy does not exist", "PolicyId指定的资源不存在。";
    ResourceNotFoundRoleNotFound, "ResourceNotFound.RoleNotFound", "the role does not exist", "账号对应的角色不存在。";
    ResourceNotFoundSecretNotExist, "ResourceNotFound.SecretNotExist", "the key does not exist", "密钥不存在。";
    ResourceNotFoundTcrResourceNotFound, "ResourceNotFound.TcrResourceNotFound", "there is no such resource in the instance", "Tcr实例中的资源未找到";
    ResourceNotFoundUserNotExist, "ResourceNotFound.UserNotExist", "the user does not exist", "用户不存在。";
    ResourceUnavailable, "ResourceUnavailable", "the resource is not available", "资源不可用。";
    UnauthorizedOperation, "UnauthorizedOperation", "the operation is not authorized", "未授权操作。";
    UnauthorizedOperationDeleteApiKey, "UnauthorizedOperation.DeleteApiKey", "no permission to delete the API key", "没有删除API密钥权限。";
    UnknownParameter, "UnknownParameter", "a parameter is unknown", "未知参数错误。";
    UnsupportedOperation, "UnsupportedOperation", "the operation is not supported", "操作不支持。";
    UnsupportedProtocol, "UnsupportedProtocol", "only GET and POST are served", "http(s)请求协议错误，只支持 GET 和 POST 请求。";
}

impl Code {
    /// Returns whether the code means that the caller is not allowed to do this.
    pub fn is_denial(self) -> bool {
        let wire = self.wire();
        self == Self::InvalidParameterWebIdentityTokenError
            || wire.starts_with("AuthFailure")
            || wire.starts_with("UnauthorizedOperation")
            || wire.ends_with("Unauthorized")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_there_once_in_order_and_says_something() {
        let wires: Vec<&str> = Code::ALL.iter().map(|code| code.wire()).collect();
        assert_eq!(wires.iter().collect::<BTreeSet<_>>().len(), wires.len());
        assert!(wires.is_sorted(), "the table is sorted by code");
        for &code in Code::ALL {
            assert!(!code.message(Language::English).is_empty() && !code.message(Language::Chinese).is_empty());
            let name = format!("{code:?}");
            assert!(name.eq_ignore_ascii_case(&code.wire().replace('.', "")), "{name}");
        }
    }
}
