// The few web globals that the pure folders may use. They are compiled without Node's types
// (tsconfig.pure.json), so anything else fails to resolve there.
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array, options?: { stream?: boolean }): string;
}
declare class TextEncoder {
  encode(input?: string): Uint8Array;
}
declare function atob(data: string): string;
declare function btoa(data: string): string;
declare class URL {
  static canParse(url: string, base?: string): boolean;
  readonly username: string;
  readonly password: string;
  readonly hash: string;
  constructor(url: string, base?: string);
  readonly protocol: string;
  readonly hostname: string;
  readonly host: string;
  readonly origin: string;
  readonly port: string;
  pathname: string;
  search: string;
}
