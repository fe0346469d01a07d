import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../repository.ts';
import { block, code, generated, paragraphs, plain, table } from './markdown.ts';

const INTRODUCTION = `What the package \`pulp-tasking\` exports, and for tests \`pulp-tasking/testing\`. Errors are \`PulpError\`s with a \`code\`; those of the database are
listed [with SQL](sql.md#error-codes). The package works on the database of \`DATABASE_URL\`, unless it is told of another one (\`createPulp\`).`;

/** The entries of the package, by the name under which they are imported. */
const ENTRIES = { 'pulp-tasking': 'src/index.ts', 'pulp-tasking/testing': 'src/testing/index.ts' };

/** How docstrings tell what the function or class is called in Pulp. */
const PULPS_NAME = /pulpcore's\s+`([^`]+)`/;

/** A line comment in an entry that begins a group of exports. */
const HEADING = /^\/\/ (.+?)\.?$/;

/** What is exported under one name. */
interface Export {
  readonly name: string;
  readonly doc: string;
  readonly tags: readonly string[];
  readonly declaration: string;
}

/** The reference of the package, in the groups of its entries. */
export function typescriptReference(): string {
  const seen: Export[] = [];
  const sections = Object.entries(ENTRIES).map(([packageName, entry]) => {
    const groups = [...groupsOf(entry)].map(([heading, exports]) => {
      seen.push(...exports);
      return paragraphs(`### ${heading}`, ...exports.map(exportSection));
    });
    return paragraphs(`## ${packageName}`, ...groups);
  });
  const fromPulp = seen.flatMap(({ name, doc }) => {
    const [, pulpsName] = PULPS_NAME.exec(doc) ?? [];
    return pulpsName === undefined ? [] : [[code(pulpsName), `[${code(name)}](#${name.toLowerCase()})`]];
  });
  return paragraphs(
    generated('TypeScript', INTRODUCTION),
    ...sections,
    '## Names of pulpcore',
    table(['in `pulpcore.tasking`', 'here'], fromPulp),
  );
}

/** What an entry exports, under the headings of its comments, in its order. */
function groupsOf(entry: string): ReadonlyMap<string, readonly Export[]> {
  const source = parse(`${ROOT}/${entry}`);
  const groups = new Map<string, Export[]>();
  let group: Export[] | undefined;
  for (const statement of source.statements) {
    for (const { pos, end } of ts.getLeadingCommentRanges(source.text, statement.pos) ?? []) {
      const [, heading] = HEADING.exec(source.text.slice(pos, end)) ?? [];
      if (heading !== undefined) groups.set(heading, (group = []));
    }
    if (!ts.isExportDeclaration(statement)) continue;
    if (group === undefined) throw new Error(`${entry}: an export before the first heading`);
    group.push(...exportedBy(statement));
  }
  return groups;
}

function exportedBy({ moduleSpecifier, exportClause, parent }: ts.ExportDeclaration): readonly Export[] {
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) {
    throw new Error(`${parent.getSourceFile().fileName} exports what is not of another file`);
  }
  const module = parse(join(dirname(parent.getSourceFile().fileName), moduleSpecifier.text));
  if (exportClause === undefined) {
    const names = module.statements.filter(isExported).flatMap(namesOf);
    return [...new Set(names)].map((name) => read(module, name));
  }
  if (!ts.isNamedExports(exportClause)) throw new Error(`${module.fileName} is exported as a namespace`);
  return exportClause.elements.map(({ name }) => read(module, name.text));
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Reads what a module declares under a name. @throws Error if it has no docstring */
function read(module: ts.SourceFile, name: string): Export {
  const nodes = module.statements.filter(
    (statement) => isExported(statement) && namesOf(statement).includes(name),
  );
  const docs = nodes.flatMap((node) => ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc));
  const [first] = docs;
  if (first === undefined) throw new Error(`${relative(ROOT, module.fileName)}: ${name} has no docstring`);
  return {
    name,
    doc: text(first.comment),
    tags: docs.flatMap((doc) => doc.tags?.map(tagText) ?? []),
    declaration: nodes
      .map((node) => declarationText(node).replace(/^export (?:default )?(?:async )?(function)?\*?/, '$1'))
      .join('\n'),
  };
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  );
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const { name } = statement as Partial<ts.DeclarationStatement>;
  return name === undefined ? [] : [name.text];
}

/** A declaration as its users see it, as it is written: without bodies and what is private. */
function declarationText(node: ts.Statement): string {
  if (ts.isFunctionDeclaration(node)) return withoutBody(node, node.body);
  if (!ts.isClassDeclaration(node)) return node.getText();
  const head = node.getText().slice(0, (node.members.pos ?? 0) - node.getStart());
  const members = node.members.filter(isPublic).map((member) => {
    const docs = member
      .getFullText()
      .slice(0, member.getStart() - member.getFullStart())
      .trim();
    return `  ${docs === '' ? '' : `${docs}\n  `}${memberText(member).replace(/^(?:(async|override|static|readonly) )+/, withoutAsync)}`;
  });
  return `${head}\n${members.join('\n')}\n}`;
}

function isPublic(member: ts.ClassElement): boolean {
  if (member.name !== undefined && ts.isPrivateIdentifier(member.name)) return false;
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  return !modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
}

function memberText(member: ts.ClassElement): string {
  if (
    ts.isMethodDeclaration(member) ||
    ts.isConstructorDeclaration(member) ||
    ts.isGetAccessorDeclaration(member) ||
    ts.isSetAccessorDeclaration(member)
  ) {
    return withoutBody(member, member.body);
  }
  return member.getText();
}

function withoutAsync(modifiers: string): string {
  return modifiers.replace(/\b(async|override) /g, '');
}

function withoutBody(node: ts.Node, body: ts.Node | undefined): string {
  if (body === undefined) return node.getText();
  return `${node
    .getText()
    .slice(0, body.getStart() - node.getStart())
    .trim()};`;
}

function text(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  return ts.getTextOfJSDocComment(comment) ?? '';
}

function tagText(tag: ts.JSDocTag): string {
  const said = text(tag.comment).replace(/^- /, '');
  if (ts.isJSDocParameterTag(tag)) return `${code(tag.name.getText())}: ${plain(said)}`;
  if (ts.isJSDocThrowsTag(tag))
    return `Throws ${plain([tag.typeExpression?.getText(), said].filter(Boolean).join(' '))}.`;
  return `${tag.tagName.text}: ${plain(said)}`;
}

function exportSection({ name, doc, tags, declaration }: Export): string {
  return paragraphs(
    `#### ${name}`,
    plain(doc.replaceAll("pulpcore's", "Pulp's")),
    tags.map((tag) => `- ${tag.replaceAll('\n', ' ')}`).join('\n'),
    block('ts', declaration),
  );
}
