// Who calls: signing up and in at the stack's Cognito pool, and keeping the access token fresh.

import { VtoError } from "./errors.js";
import * as srp from "./srp.js";

const EARLY = 60_000; // ms before its end at which a token is renewed

/** The shoppers of one pool; `store` (as sessionStorage) keeps the tokens over a reload of the page. */
export class SignIn {
  #tokens = null;
  #renewing = null;

  /** @param {{userPoolId: string, userPoolClientId: string, region?: string, cognitoUrl?: string}} config */
  constructor(config, { store = null, fetch = (...all) => globalThis.fetch(...all), now = Date.now } = {}) {
    Object.assign(this, { poolId: config.userPoolId, clientId: config.userPoolClientId, store, fetch, now });
    this.url = config.cognitoUrl ?? `https://cognito-idp.${config.region ?? config.userPoolId.split("_")[0]}.amazonaws.com/`;
    this.key = `vto.tokens.${this.clientId}`;
    try {
      this.#tokens = JSON.parse(store?.getItem(this.key) ?? "null");
    } catch {
      this.#tokens = null; // not ours, or half written
    }
  }

  get isSignedIn() {
    return this.#tokens !== null;
  }

  /** The e-mail address that was signed in with. */
  get user() {
    return this.#tokens?.user ?? null;
  }

  /**
   * Sign in; the password itself is not sent.
   * @param {string} newPassword instead of a first one that an administrator has set
   * @throws {VtoError} `sign_in_failed` (wrong), `not_confirmed`, `new_password_needed`, `reset_needed`, `offline`
   */
  async signIn(user, password, newPassword = null) {
    const a = srp.newSecret();
    const opened = await this.#call("InitiateAuth", {
      AuthFlow: "USER_SRP_AUTH",
      AuthParameters: { USERNAME: user, SRP_A: srp.publicOf(a) },
    });
    if (opened.ChallengeName !== "PASSWORD_VERIFIER") throw new VtoError("sign_in_failed");
    const proof = await srp.answer(this.poolId, password, a, opened.ChallengeParameters, new Date(this.now()));
    let answered = await this.#respond(opened, proof);
    if (answered.ChallengeName === "NEW_PASSWORD_REQUIRED") {
      if (!newPassword) throw new VtoError("new_password_needed");
      answered = await this.#respond(answered, { USERNAME: proof.USERNAME, NEW_PASSWORD: newPassword });
    }
    if (!answered.AuthenticationResult) throw new VtoError("sign_in_failed");
    this.#keep(answered.AuthenticationResult, user);
  }

  /** Open an account; a code comes by e-mail, for `confirm`. */
  async signUp(user, password) {
    const UserAttributes = [{ Name: "email", Value: user }];
    await this.#call("SignUp", { Username: user, Password: password, UserAttributes });
  }

  async confirm(user, code) {
    await this.#call("ConfirmSignUp", { Username: user, ConfirmationCode: code });
  }

  async resendCode(user) {
    await this.#call("ResendConfirmationCode", { Username: user });
  }

  /** Have a code sent, with which `resetPassword` sets a new password. */
  async forgotPassword(user) {
    await this.#call("ForgotPassword", { Username: user });
  }

  async resetPassword(user, code, password) {
    await this.#call("ConfirmForgotPassword", { Username: user, ConfirmationCode: code, Password: password });
  }

  /** Forget the tokens here, and have Cognito forget them too. */
  async signOut() {
    const token = this.#tokens?.refresh;
    this.forget();
    if (token) await this.#call("RevokeToken", { Token: token }).catch(() => {});
  }

  forget() {
    this.#tokens = null;
    this.store?.removeItem(this.key);
  }

  /**
   * An access token that is good for another minute at least.
   * @param {boolean} anew get a new one in any case: the service did not take the last
   * @throws {VtoError} `not_authorized`: sign in again
   */
  async accessToken(anew = false) {
    if (!this.#tokens) throw new VtoError("not_authorized");
    if (anew || this.now() > this.#tokens.until - EARLY) {
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = null)); // many requests, one renewal
      await this.#renewing;
    }
    if (!this.#tokens) throw new VtoError("not_authorized");
    return this.#tokens.access;
  }

  async #renew() {
    const { refresh, user } = this.#tokens;
    try {
      const AuthParameters = { REFRESH_TOKEN: refresh };
      const answered = await this.#call("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters });
      this.#keep({ RefreshToken: refresh, ...answered.AuthenticationResult }, user);
    } catch (error) {
      if (error.code === "offline") throw error;
      this.forget();
      throw new VtoError("not_authorized");
    }
  }

  #keep(result, user) {
    const until = this.now() + result.ExpiresIn * 1000;
    this.#tokens = { access: result.AccessToken, refresh: result.RefreshToken, until, user };
    this.store?.setItem(this.key, JSON.stringify(this.#tokens));
  }

  #respond(challenge, ChallengeResponses) {
    const { ChallengeName, Session } = challenge;
    return this.#call("RespondToAuthChallenge", { ChallengeName, Session, ChallengeResponses });
  }

  async #call(action, body) {
    let answer, document;
    try {
      answer = await this.fetch(this.url, {
        method: "POST",
        headers: {
          "Content-Type": "application/x-amz-json-1.1",
          "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify({ ClientId: this.clientId, ...body }),
      });
      document = await answer.json().catch(() => ({}));
    } catch (error) {
      throw new VtoError("offline", String(error), { retryable: true });
    }
    if (answer.ok) return document;
    const kind = String(document.__type ?? "").split("#").at(-1);
    throw new VtoError(CODES[kind] ?? (answer.status >= 500 ? "offline" : "sign_in_failed"), document.message ?? kind, {
      status: answer.status,
    });
  }
}

const CODES = {
  UserNotConfirmedException: "not_confirmed",
  PasswordResetRequiredException: "reset_needed",
  InvalidPasswordException: "password_too_simple",
  UsernameExistsException: "user_exists",
  CodeMismatchException: "wrong_code",
  ExpiredCodeException: "wrong_code",
  TooManyRequestsException: "slow_down",
  LimitExceededException: "slow_down",
  TooManyFailedAttemptsException: "slow_down",
};
