// Makes calls with the SDK of Node.js: each line of standard input is a call, each line of standard output its result.
// (../py/backends.py is the other end.)
"use strict";
const http = require("node:http");
const readline = require("node:readline");
const sdk = require("tencentcloud-sdk-nodejs");

const products = {
  tcr: sdk.tcr.v20190924.Client,
  cam: sdk.cam.v20190116.Client,
  sts: sdk.sts.v20180813.Client,
};

// The SDK takes the first part of the endpoint as the service that it signs for, so each service has its own host name.
// (Names below localhost mean this machine; not every resolver knows that, so this agent resolves them itself.)
const agent = new http.Agent({ keepAlive: true, lookup: (_, options, done) =>
  options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4) });

function connect({ service, endpoint, key, transport, language }) {
  const [secretId, secretKey, token] = key;
  const [signMethod, reqMethod] = transport;
  const httpProfile = { protocol: "http://", endpoint: `${service}.localhost:${endpoint.split(":")[1]}`, reqMethod, agent };
  const credential = { secretId, secretKey, ...(token && { token }) };
  return new products[service]({ credential, region: "ap-guangzhou", profile: { signMethod, language, httpProfile } });
}

// Shifts the clock of the process during a call by the seconds that the question gives.
let ahead = 0;
global.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [Date.now()]));
  }
  static now() {
    return super.now() + ahead * 1000;
  }
};

async function send(question) {
  const { service, action, params, common, unsigned } = question;
  const client = connect(question);
  if (unsigned) return { wire: await client.request(action, params, { skipSign: true }) };
  if (common) return { wire: await client.request(action, params) };
  if (!Object.hasOwn(products[service].prototype, action)) return { unfit: "action", what: action };
  return { wire: await client[action](params) };
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    ahead = question.ahead;
    const answer = await send(question).catch((error) =>
      error.code && error.requestId
        ? { code: error.code, message: error.message, requestId: error.requestId }
        : { fault: String(error.stack) });
    console.log(JSON.stringify(answer));
  }
  agent.destroy();
}

main();
