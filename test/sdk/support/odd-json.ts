/** JSON that every parser reads and no serialiser writes: what a gateway that parses and writes anew would change. */
export const ODD_MEMBERS: readonly string[] = [
  '"unknown_field" : { "b":1 , "a":2 }',
  '"big":123456789012345678901234567890',
  '"precise": 0.1000000000000000055511151231257827',
  '"exponent":1E+2, "negative_zero":-0, "trailing_zeros":1.500',
  '"escaped":"caf\\u00e9 \\/ \\ud83c\\udf0d \\u0000"',
  '"plain":"café / 世界 🌍"',
  '"nested":[ [ ], { } , null,\n\t true ]',
  '"":"empty name"',
  '"__proto__":{"polluted":true}',
  '"model_":"not the model","Models":"nor these"',
];

/** An object of the members given, between odd white space. */
export function oddObject(...members: readonly string[]): string {
  return ` \r\n{\t${members.join('\n , ')}\r\n}\n \n`;
}
