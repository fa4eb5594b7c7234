// What a program does with openid-client, by its usual code: find the server, get tokens by a key and by a secret, ask about
// one, take one back, and call the API with one.
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));
const client = await import(given.library);
const key = await crypto.subtle.importKey("jwk", given.jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);

const found = async (proof) => {
  const config = await client.discovery(new URL(given.issuer), "monthly-report", { [client.clockSkew]: given.skew }, proof, {
    algorithm: given.algorithm,
    execute: [client.allowInsecureRequests],
  });
  return config;
};

const said = {};
for (const [name, proof] of [
  ["key", client.PrivateKeyJwt(key)],
  ["basic", client.ClientSecretBasic(given.secret)],
  ["post", client.ClientSecretPost(given.secret)],
]) {
  const config = await found(proof);
  for (const alg of ["ES256", "Ed25519"]) {
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair(alg));
    const tokens = await client.clientCredentialsGrant(config, {}, { DPoP });
    const before = await client.tokenIntrospection(config, tokens.access_token);
    const answer = await client.fetchProtectedResource(
      config, tokens.access_token, new URL(given.issuer + "/v1/mandates"), "GET", null, null, { DPoP },
    ).catch((e) => ({ status: 0, headers: new Headers({ "www-authenticate": String(e.cause?.[0]?.scheme ?? e) }) }));
    await client.tokenRevocation(config, tokens.access_token);
    const after = await client.tokenIntrospection(config, tokens.access_token);
    said[name + " " + alg] = [tokens.token_type, tokens.expires_in, before.active, answer.headers.get("www-authenticate"), after.active];
  }
}
console.log(JSON.stringify(said));
