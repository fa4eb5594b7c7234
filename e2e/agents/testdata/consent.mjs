// What a program on somebody's own machine does with openid-client, by its usual code: send the browser, take the code, refresh.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const given = await read();
const client = await import(given.library);

const config = await client.discovery(new URL(given.issuer), "scheduler", { [client.clockSkew]: given.skew }, client.None(), {
  algorithm: "oauth2",
  execute: [client.allowInsecureRequests],
});
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const wanted = {
  redirect_uri: "http://127.0.0.1:51004/cb",
  scope: "look",
  resource: given.resource,
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
};
const url = given.push
  ? await client.buildAuthorizationUrlWithPAR(config, wanted, { DPoP })
  : client.buildAuthorizationUrl(config, wanted);
console.log(JSON.stringify({ url: url.href }));

const back = new URL((await read()).back);
const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state }, undefined, { DPoP });
const again = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
console.log(JSON.stringify({ token: tokens.access_token, type: tokens.token_type, scope: tokens.scope, again: again.access_token }));
process.exit(0);
