// Every action once through the SDK of Node.js, and errors: main.js HOST:PORT bootstrap.json DIGEST
// The repository images/app is there, with the tags v1, v2, v3 of that digest.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const http = require("node:http");
const sdk = require("tencentcloud-sdk-nodejs");

const [endpoint, bootstrap, digest] = process.argv.slice(2);
const owner = JSON.parse(fs.readFileSync(bootstrap, "utf8"));
const products = {
  tcr: sdk.tcr.v20190924.Client,
  cam: sdk.cam.v20190116.Client,
  sts: sdk.sts.v20180813.Client,
};
let passed = 0;
const failed = [];
const actions = new Set();

// The SDK takes the first part of the endpoint for the service that it signs for, so each service has a name of its own.
// (Names below localhost are the machine itself; not every resolver knows.)
const agent = new http.Agent({ keepAlive: true, lookup: (_, options, done) =>
  options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4) });
const port = endpoint.split(":")[1];

function clients(credential, profile = {}) {
  const made = {};
  for (const [name, Client] of Object.entries(products)) {
    const httpProfile = { protocol: "http://", endpoint: `${name}.localhost:${port}`, reqMethod: "POST", agent, ...profile.httpProfile };
    made[name] = new Client({ credential, region: "ap-guangzhou", profile: { ...profile, httpProfile } });
  }
  return made;
}

function call(client, action, params) {
  return typeof client[action] === "function" ? client[action](params) : client.request(action, params);
}

async function ok(on, action, params = {}, check = () => true) {
  try {
    const answer = await call(on, action, params);
    assert.ok(answer.RequestId, "no RequestId");
    assert.ok(check(answer), `not what it should be: ${JSON.stringify(answer).slice(0, 300)}`);
    passed += 1;
    actions.add(action);
    return answer;
  } catch (error) {
    failed.push(`${action} ${JSON.stringify(params)}: ${error.code || ""} ${error.message}`);
    return {};
  }
}

async function err(code, on, action, params = {}) {
  try {
    const answer = await call(on, action, params);
    failed.push(`${action} ${JSON.stringify(params)}: expected ${code}, got ${JSON.stringify(answer).slice(0, 200)}`);
  } catch (error) {
    if (code.split("|").includes(error.code) && error.requestId) passed += 1;
    else failed.push(`${action} ${JSON.stringify(params)}: expected ${code}, got ${error.code}: ${error.message}`);
  }
}

const document = (action, resource = "*") =>
  JSON.stringify({ version: "2.0", statement: [{ effect: "allow", action, resource }] });

async function personal({ tcr }) {
  await ok(tcr, "CreateNamespacePersonal", { Namespace: "nodejs" });
  await ok(tcr, "ValidateNamespaceExistPersonal", { Namespace: "nodejs" }, (a) => a.Data.IsExist === true);
  await ok(tcr, "DescribeNamespacePersonal", { Namespace: "", Limit: 50, Offset: 0 }, (a) => a.Data.NamespaceCount >= 2);
  await ok(tcr, "CreateRepositoryPersonal", { RepoName: "nodejs/app", Public: 1, Description: "说明" });
  await ok(tcr, "ValidateRepositoryExistPersonal", { RepoName: "nodejs/app" }, (a) => a.Data.IsExist === true);
  await ok(tcr, "ModifyRepositoryAccessPersonal", { RepoName: "nodejs/app", Public: 0 });
  await ok(tcr, "ModifyRepositoryInfoPersonal", { RepoName: "nodejs/app", Description: "" });
  await ok(tcr, "DescribeRepositoryPersonal", { RepoName: "nodejs/app" }, (a) => a.Data.Public === 0 && a.Data.Description === "");
  await ok(tcr, "DescribeRepositoryOwnerPersonal", { Limit: 100, Offset: 0 }, (a) => a.Data.TotalCount >= 2);
  await ok(tcr, "DescribeRepositoryFilterPersonal", { Namespace: "images" }, (a) => a.Data.RepoInfo[0].RepoName === "images/app");
  await ok(tcr, "DescribeImagePersonal", { RepoName: "images/app" }, (a) => a.Data.TagCount === 3);
  await ok(tcr, "DescribeImageFilterPersonal", { RepoName: "images/app", Tag: "v1" });
  await ok(tcr, "DuplicateImagePersonal", { SrcImage: "images/app:v1", DestImage: "nodejs/app:v1" }, (a) => a.Data.Digest === digest);
  await ok(tcr, "DeleteImagePersonal", { RepoName: "images/app", Tag: "v3" });
  await ok(tcr, "BatchDeleteImagePersonal", { RepoName: "images/app", Tags: ["v2"] });
  await ok(tcr, "DescribeImagePersonal", { RepoName: "images/app" }, (a) => a.Data.TagInfo.length === 1);
  await ok(tcr, "CreateImageLifecyclePersonal", { RepoName: "images/app", Type: "keep_last_days", Val: 30 });
  await ok(tcr, "DescribeImageLifecyclePersonal", { RepoName: "images/app" }, (a) => a.Data.StrategyInfo[0].Value === 30);
  await ok(tcr, "DeleteImageLifecyclePersonal", { RepoName: "images/app" });
  await ok(tcr, "ManageImageLifecycleGlobalPersonal", { Type: "global_keep_last_days", Val: 300 });
  await ok(tcr, "DescribeImageLifecycleGlobalPersonal", {}, (a) => a.Data.TotalCount === 1);
  await ok(tcr, "DeleteImageLifecycleGlobalPersonal");
  const trigger = {
    RepoName: "images/app", TriggerName: "nodejs", InvokeMethod: "all", ClusterId: "cls-1", Namespace: "default",
    WorkloadType: "Deployment", WorkloadName: "web", ContainerName: "app", ClusterRegion: 1,
  };
  await ok(tcr, "CreateApplicationTriggerPersonal", trigger);
  await err("InvalidParameter.ErrTriggerExist", tcr, "CreateApplicationTriggerPersonal", trigger);
  await ok(tcr, "DescribeApplicationTriggerPersonal", { RepoName: "images/app" }, (a) => a.Data.TriggerInfo[0].InvokePara.ServiceName === "web");
  await ok(tcr, "ModifyApplicationTriggerPersonal", { TriggerName: "nodejs", NewTriggerName: "nodejs2" });
  await ok(tcr, "DescribeApplicationTriggerLogPersonal", { RepoName: "images/app" });
  await ok(tcr, "DeleteApplicationTriggerPersonal", { TriggerName: "nodejs2" });
  await ok(tcr, "DescribeFavorRepositoryPersonal", { RepoName: "", Limit: 10, Offset: 0 });
  await ok(tcr, "DescribeUserQuotaPersonal", {}, (a) => a.Data.LimitInfo.length > 0);
  await ok(tcr, "ModifyUserPasswordPersonal", { Password: owner.password });
  await err("InvalidParameter.ErrUserExist", tcr, "CreateUserPersonal", { Password: "Another-12345" });
  await err("InvalidParameter.ErrNamespaceExist", tcr, "CreateNamespacePersonal", { Namespace: "nodejs" });
  await err("InvalidParameter.ErrRepoExist", tcr, "CreateRepositoryPersonal", { RepoName: "nodejs/app" });
  await err("InvalidParameter.ErrNSMisMatch", tcr, "CreateRepositoryPersonal", { RepoName: "not-mine/app" });
  await err("ResourceNotFound.ErrNoRepo", tcr, "DescribeImagePersonal", { RepoName: "nodejs/none" });
  await err("ResourceNotFound.ErrNoTrigger", tcr, "DeleteApplicationTriggerPersonal", { TriggerName: "none" });
  await err("MissingParameter", tcr, "DeleteNamespacePersonal", {});
  await err("UnknownParameter", tcr, "DescribeUserQuotaPersonal", { Colour: "red" });
  await err("InvalidAction", tcr, "PaintTheHull", {});
  await ok(tcr, "DeleteRepositoryPersonal", { RepoName: "nodejs/app" });
  await ok(tcr, "BatchDeleteRepositoryPersonal", { RepoNames: ["images/app"] });
  await ok(tcr, "DeleteNamespacePersonal", { Namespace: "nodejs" });
}

async function instances({ tcr }) {
  const { RegistryId } = await ok(tcr, "CreateInstance", { RegistryName: "nodejs-inst", RegistryType: "basic" });
  await ok(tcr, "DescribeInstanceStatus", { RegistryIds: [RegistryId] }, (a) => a.RegistryStatusSet[0].Status === "Running");
  await ok(tcr, "DescribeInstances", { Registryids: [RegistryId], AllRegion: true }, (a) => a.TotalCount === 1);
  await ok(tcr, "CreateInstanceToken", { RegistryId }, (a) => a.Token && a.ExpTime > 1e12);
  await ok(tcr, "CreateNamespace", { RegistryId, NamespaceName: "team", IsPublic: false });
  await ok(tcr, "DescribeNamespaces", { RegistryId }, (a) => a.TotalCount === 1);
  await ok(tcr, "CreateRepository", { RegistryId, NamespaceName: "team", RepositoryName: "web" });
  await ok(tcr, "DescribeRepositories", { RegistryId }, (a) => a.TotalCount === 1);
  await err("MissingParameter", tcr, "CreateInstanceToken", {});
  await ok(tcr, "DeleteInstance", { RegistryId, DeleteBucket: true });
}

async function access({ cam, sts }) {
  const made = await ok(cam, "AddUser", { Name: "nodejs", UseApi: 1 }, (a) => a.SecretId && a.SecretKey && Number.isInteger(a.Uin));
  const user = made.Uin;
  await ok(cam, "GetUser", { Name: "nodejs" }, (a) => a.Uin === user);
  await ok(cam, "UpdateUser", { Name: "nodejs", Remark: "r" });
  await ok(cam, "ListUsers", {}, (a) => a.Data.length === 1);
  await ok(cam, "GetUserAppId");
  const { AccessKey } = await ok(cam, "CreateAccessKey", { TargetUin: user });
  await ok(cam, "ListAccessKeys", { TargetUin: user }, (a) => a.AccessKeys.length === 2);
  await ok(cam, "UpdateAccessKey", { TargetUin: user, AccessKeyId: AccessKey?.AccessKeyId, Status: "Inactive" });
  await ok(cam, "GetSecurityLastUsed", { SecretIdList: [made.SecretId] });
  await ok(cam, "DeleteAccessKey", { TargetUin: user, AccessKeyId: AccessKey?.AccessKeyId });
  const { GroupId } = await ok(cam, "CreateGroup", { GroupName: "nodejs" });
  await ok(cam, "UpdateGroup", { GroupId, Remark: "r" });
  await ok(cam, "AddUserToGroup", { Info: [{ GroupId, Uin: user }] });
  await ok(cam, "GetGroup", { GroupId }, (a) => a.GroupNum === 1);
  await ok(cam, "ListGroups", {}, (a) => a.TotalNum === 1);
  await ok(cam, "ListUsersForGroup", { GroupId }, (a) => a.UserInfo[0].Uin === user);
  await ok(cam, "ListGroupsForUser", { SubUin: user }, (a) => a.TotalNum === 1);
  const { PolicyId } = await ok(cam, "CreatePolicy", { PolicyName: "nodejs", PolicyDocument: document("ccr:pull") });
  await ok(cam, "UpdatePolicy", { PolicyId, PolicyDocument: document("sts:AssumeRole") });
  await ok(cam, "GetPolicy", { PolicyId }, (a) => a.PolicyName === "nodejs");
  await ok(cam, "ListPolicies", { Scope: "All" }, (a) => a.TotalNum >= 6);
  await ok(cam, "AttachUserPolicy", { PolicyId, AttachUin: user });
  await ok(cam, "AttachGroupPolicy", { PolicyId, AttachGroupId: GroupId });
  await ok(cam, "ListAttachedUserPolicies", { TargetUin: user }, (a) => a.TotalNum === 1);
  await ok(cam, "ListAttachedGroupPolicies", { TargetGroupId: GroupId }, (a) => a.TotalNum === 1);
  await ok(cam, "ListAttachedUserAllPolicies", { TargetUin: user, Rp: 20, Page: 1, AttachType: 0 }, (a) => a.PolicyList[0].PolicyId === String(PolicyId));
  await ok(cam, "ListEntitiesForPolicy", { PolicyId }, (a) => a.TotalNum === 2);
  const trust = JSON.stringify({ version: "2.0", statement: [{
    effect: "allow", action: "name/sts:AssumeRole", principal: { qcs: [`qcs::cam::uin/${owner.uin}:root`] } }] });
  const { RoleId } = await ok(cam, "CreateRole", { RoleName: "nodejs", PolicyDocument: trust });
  await ok(cam, "GetRole", { RoleId }, (a) => a.RoleInfo.RoleName === "nodejs");
  await ok(cam, "DescribeRoleList", { Page: 1, Rp: 20 }, (a) => a.TotalNum === 1);
  await ok(cam, "UpdateAssumeRolePolicy", { RoleId, PolicyDocument: trust });
  await ok(cam, "AttachRolePolicy", { PolicyId, AttachRoleId: RoleId });
  await ok(cam, "ListAttachedRolePolicies", { Page: 1, Rp: 20, RoleId }, (a) => a.TotalNum === 1);
  const robot = clients({ secretId: made.SecretId, secretKey: made.SecretKey });
  await ok(robot.sts, "GetCallerIdentity", {}, (a) => a.UserId === String(user));
  const RoleArn = `qcs::cam::uin/${owner.uin}:roleName/nodejs`;
  const { Credentials } = await ok(robot.sts, "AssumeRole", { RoleArn, RoleSessionName: "nodejs" });
  if (Credentials) {
    const role = clients({ secretId: Credentials.TmpSecretId, secretKey: Credentials.TmpSecretKey, token: Credentials.Token });
    await ok(role.sts, "GetCallerIdentity", {}, (a) => a.Type === "CAMRole");
    await err("AuthFailure.UnauthorizedOperation", role.cam, "ListUsers");
  }
  await ok(sts, "GetFederationToken", { Name: "nodejs", Policy: encodeURIComponent(document("ccr:pull")) }, (a) => a.Credentials.Token);
  await err("AuthFailure.UnauthorizedOperation", robot.cam, "ListUsers");
  await err("InvalidParameter.VersionError", cam, "CreatePolicy", { PolicyName: "x", PolicyDocument: document("ccr:pull").replace("2.0", "3.0") });
  await err("FailedOperation.PolicyNameInUse", cam, "CreatePolicy", { PolicyName: "nodejs", PolicyDocument: document("ccr:pull") });
  await err("OperationDenied.HaveKeys", cam, "DeleteUser", { Name: "nodejs" });
  await ok(cam, "DetachRolePolicy", { PolicyId, DetachRoleId: RoleId });
  await ok(cam, "DeleteRole", { RoleId });
  await ok(cam, "DetachGroupPolicy", { PolicyId, DetachGroupId: GroupId });
  await ok(cam, "DetachUserPolicy", { PolicyId, DetachUin: user });
  await ok(cam, "DeletePolicy", { PolicyId: [PolicyId] });
  await ok(cam, "RemoveUserFromGroup", { Info: [{ GroupId, Uin: user }] });
  await ok(cam, "DeleteGroup", { GroupId });
  await ok(cam, "DeleteUser", { Name: "nodejs", Force: 1 });
}

async function signatures(credential) {
  const wrong = { ...credential, secretKey: "x".repeat(32) };
  for (const signMethod of ["TC3-HMAC-SHA256", "HmacSHA256", "HmacSHA1"]) {
    for (const reqMethod of ["POST", "GET"]) {
      const profile = { signMethod, httpProfile: { reqMethod } };
      const mine = clients(credential, profile);
      const Filters = [{ Name: "RegistryName", Values: ["a b", "名+/=&%~*'()!"] }];
      await ok(mine.tcr, "DescribeInstances", { Registryids: ["tcr-00000001", "tcr-00000002"], AllRegion: true, Filters }, (a) => a.TotalCount === 0);
      await ok(mine.tcr, "DescribeUserQuotaPersonal");
      await err("AuthFailure.SignatureFailure", clients(wrong, profile).tcr, "DescribeUserQuotaPersonal");
      await err("ResourceNotFound.ErrNoRepo", mine.tcr, "DescribeRepositoryPersonal", { RepoName: "library/none" });
    }
  }
}

async function main() {
  const credential = { secretId: owner.secret_id, secretKey: owner.secret_key };
  const root = clients(credential);
  await signatures(credential);
  await personal(root);
  await instances(root);
  await access(root);
  for (const line of failed) console.log(`FAILED ${line}`);
  console.log(`${passed} checks passed, ${failed.length} failed; ${actions.size} actions answered`);
  process.exitCode = failed.length ? 1 : 0;
  agent.destroy();
}

main();
