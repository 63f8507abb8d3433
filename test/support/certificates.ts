// Certificates of a test's own, made by openssl: an authority, and what it signs.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Certificate {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

export interface Authority extends Certificate {
  /** @param sans as openssl writes them: `DNS:a.example`, `IP:127.0.0.1`, `URI:…`, `email:…` */
  issue(
    name: string,
    options: { sans?: readonly string[]; usage?: "serverAuth" | "clientAuth"; rsa?: boolean },
  ): Certificate;
}

/** Valid for a day, gone with the test. @throws where there is no openssl */
export function createAuthority(name = "authority"): Authority {
  const folder = temporaryDirectory("pitcrew-certificates-");
  const place = (of: string) => ({ certFile: join(folder, `${of}.crt`), keyFile: join(folder, `${of}.key`) });
  const own = place(name);
  const read = ({ certFile, keyFile }: ReturnType<typeof place>): Certificate => ({
    certFile,
    keyFile,
    cert: readFileSync(certFile, "utf8"),
    key: readFileSync(keyFile, "utf8"),
  });
  openssl([
    "req",
    "-x509",
    "-new",
    ...newKey(false),
    "-nodes",
    "-days",
    "1",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    own.keyFile,
    "-out",
    own.certFile,
  ]);
  return {
    ...read(own),
    issue(of, { sans = ["IP:127.0.0.1", "DNS:localhost"], usage = "serverAuth", rsa = false }) {
      const { certFile, keyFile } = place(of);
      const request = join(folder, `${of}.csr`);
      const extensions = join(folder, `${of}.ext`);
      writeFileSync(extensions, `subjectAltName=${sans.join(",")}\nextendedKeyUsage=${usage}\n`);
      openssl(["req", "-new", ...newKey(rsa), "-nodes", "-subj", `/CN=${of}`, "-keyout", keyFile, "-out", request]);
      openssl([
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        own.certFile,
        "-CAkey",
        own.keyFile,
        "-CAcreateserial",
        "-days",
        "1",
        "-extfile",
        extensions,
        "-out",
        certFile,
      ]);
      return read({ certFile, keyFile });
    },
  };
}

function newKey(rsa: boolean): string[] {
  return rsa ? ["-newkey", "rsa:2048"] : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
}

function openssl(args: readonly string[]): void {
  try {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    throw new Error("the test needs openssl (Debian: apt-get install openssl), or openssl refused what it was asked", {
      cause,
    });
  }
}
