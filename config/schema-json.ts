// The JSON Schema that editors complete and check with, generated from the schema that reads the file.
import * as z from "zod";
import { ConfigFile } from "./schema/file.ts";

/** draft-07: what the YAML language server understands in full. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ConfigFile, {
    io: "input",
    target: "draft-7",
    override: ({ jsonSchema }) => {
      // The default of a section says nothing: its keys have their own.
      if (jsonSchema.type === "object") delete jsonSchema.default;
    },
  });
  const { $schema, ...rest } = schema;
  return { $schema, title: "pitcrew.yml", ...rest };
}

/** The bytes of config/pitcrew.schema.json, formatted as the rest of the repository: lists of words on one line. */
export function configJsonSchemaText(): string {
  const text = JSON.stringify(configJsonSchema(), undefined, 2);
  const oneLine = text.replace(/\[\s+("[^[\]{}]*")\s+\]/g, (_, words: string) => `[${words.replace(/\n\s*/g, " ")}]`);
  return `${oneLine}\n`;
}
