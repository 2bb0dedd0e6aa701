// The identity service: sign-in with email and password, tokens that are refreshed, and commands that end them.
import { createHmac, randomBytes, randomUUID } from "node:crypto";

import { bodyOf, json, listen } from "./web.mjs";

export const EMAIL = "dev@example.com";
export const PASSWORD = "correct horse battery staple";
export const API_KEY = "devnet-api-key";

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** @param {{ host?: string, cors?: boolean, lifetime?: number }} [options] `lifetime`: seconds for which an idToken holds */
export async function startIdentity({ host, cors, lifetime = 3600 } = {}) {
  const secret = randomBytes(32);
  const users = new Map([[EMAIL, { password: PASSWORD, localId: "devnetdevnetdevnetdevnet0001" }]]);
  const issued = new Map(); // idToken → { email, end in ms }
  const refreshers = new Map(); // refresh token → email
  const revoked = new Set();
  const log = [];

  const issue = (email) => {
    const { localId } = users.get(email);
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: "https://securetoken.google.com/devnet", aud: "devnet", sub: localId, email, iat: seconds, exp: seconds + identity.lifetime, jti: randomUUID() };
    const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    const idToken = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
    issued.set(idToken, { email, end: Date.now() + identity.lifetime * 1000 });
    const refreshToken = randomBytes(48).toString("base64url");
    refreshers.set(refreshToken, email);
    return { idToken, refreshToken, localId, expiresIn: String(identity.lifetime) };
  };
  const refuse = (response, message, status = 400) =>
    json(response, status, { error: { code: status, message, errors: [{ message, domain: "global", reason: "invalid" }] } });

  const signIn = (response, { email, password }) => {
    const user = users.get(email);
    if (!email) return refuse(response, "INVALID_EMAIL");
    if (!password) return refuse(response, "MISSING_PASSWORD");
    if (user?.password !== password) return refuse(response, "INVALID_LOGIN_CREDENTIALS");
    const { idToken, refreshToken, localId, expiresIn } = issue(email);
    json(response, 200, { kind: "identitytoolkit#VerifyPasswordResponse", localId, email, displayName: "", idToken, registered: true, refreshToken, expiresIn });
  };
  const refresh = (response, { grant, token }) => {
    if (grant !== "refresh_token") return refuse(response, "INVALID_GRANT_TYPE");
    if (!token) return refuse(response, "MISSING_REFRESH_TOKEN");
    const email = refreshers.get(token);
    if (!email) return refuse(response, revoked.has(token) ? "TOKEN_EXPIRED" : "INVALID_REFRESH_TOKEN");
    const { idToken, refreshToken, localId, expiresIn } = issue(email);
    json(response, 200, { access_token: idToken, expires_in: expiresIn, token_type: "Bearer", refresh_token: refreshToken, id_token: idToken, user_id: localId, project_id: "1071" });
  };

  const handle = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const text = await bodyOf(request);
    log.push(pathname);
    // The second is the same under its older name.
    const signingIn = /\/v1\/accounts:signInWithPassword$|\/relyingparty\/verifyPassword$/.test(pathname);
    if (!signingIn && !pathname.endsWith("/v1/token")) return json(response, 404, { error: { code: 404, message: "Not Found", status: "NOT_FOUND" } });
    if (request.method !== "POST") return refuse(response, "Method Not Allowed", 405);
    if (searchParams.get("key") !== API_KEY) return refuse(response, "API key not valid. Please pass a valid API key.");
    let body;
    try {
      body = String(request.headers["content-type"]).startsWith("application/x-www-form-urlencoded") ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
    } catch {
      return refuse(response, "Invalid JSON payload received.");
    }
    if (signingIn) return signIn(response, body);
    refresh(response, { grant: body.grant_type ?? body.grantType, token: body.refresh_token ?? body.refreshToken });
  };
  const server = await listen(handle, { host, cors });
  const identity = {
    ...server,
    lifetime,
    /** The paths that were asked for. */
    log,
    /** @returns {string | undefined} the email that a token stands for, while it holds */
    whose(token) {
      const found = issued.get(token);
      return found && Date.now() < found.end ? found.email : undefined;
    },
    /** From now on no idToken of before holds; they can be refreshed. */
    expire() {
      issued.clear();
    },
    /** Nor can they be refreshed: one has to sign in again. */
    revoke() {
      issued.clear();
      for (const token of refreshers.keys()) revoked.add(token);
      refreshers.clear();
    },
  };
  return identity;
}
