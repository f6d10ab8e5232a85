// What the Go test tells a script of the authorization server, and the browser that it has for it.
import { webcrypto } from "node:crypto";

export const world = JSON.parse(process.env.WORLD);

// visit opens a link in a browser, in which Ada signs in and answers whatever she is asked.
// It returns the URL at which the browser leaves the authorization server.
export async function visit(link, { browser = "Ada's", answer = "allow" } = {}) {
  const response = await fetch(world.browser, { method: "POST", body: JSON.stringify({ url: String(link), browser, answer }) });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return new URL(text);
}

// patiently is fetch, and does what 503 asks for: a busy machine may not answer in time.
export async function patiently(...request) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(...request);
    if (response.status !== 503 || attempt === 5) return response;
    await new Promise((again) => setTimeout(again, 1000 * Number(response.headers.get("Retry-After"))));
  }
}

// signers are the algorithms that the client with keys may use: which key, and how.
const signers = {
  RS256: ["RSA", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
  PS256: ["RSA", { name: "RSA-PSS", hash: "SHA-256" }],
  ES256: ["ECDSA", { name: "ECDSA", namedCurve: "P-256" }],
  Ed25519: ["Ed25519", { name: "Ed25519" }],
};

export const algorithms = Object.keys(signers);

export function privateKey(algorithm) {
  const [kind, how] = signers[algorithm];
  return webcrypto.subtle.importKey("pkcs8", Buffer.from(world.keys[kind], "base64"), how, false, ["sign"]);
}

// nobodysSecret has the form of a client's secret.
export const nobodysSecret = "bcs_" + "0".repeat(49);
