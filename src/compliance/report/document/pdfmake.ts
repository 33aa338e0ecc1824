import { createRequire } from 'node:module';

// What of pdfmake is used here. The published types bring those of the browser with them, which would then hold for
// the whole program, so it is loaded past them.
const load = createRequire(import.meta.url);

interface PdfMake {
  setFonts: (fonts: Record<string, FontFiles>) => void;
  setUrlAccessPolicy: (allows: (url: string) => boolean) => void;
  setLocalAccessPolicy: (allows: (path: string) => boolean) => void;
  createPdf: (definition: DocumentDefinition) => { getBuffer: () => Promise<Buffer> };
}

/** Paths of the files of a font, by style. */
type FontFiles = Readonly<Record<string, string>>;

export const pdfmake = load('pdfmake') as PdfMake;

/** The font that comes with the package. */
export const { Roboto } = load('pdfmake/fonts/Roboto.js') as { readonly Roboto: FontFiles };

export interface TextNode {
  text: string;
  font?: string;
  fontSize?: number;
  bold?: boolean;
  color?: string;
  lineHeight?: number;
  alignment?: 'left' | 'right';
  margin?: [left: number, top: number, right: number, bottom: number];
  noWrap?: boolean;
  wordBreak?: 'normal' | 'break-all';
  width?: number | '*';
  headlineLevel?: number;
  outline?: boolean;
}

export interface TableLayout {
  hLineWidth?: (line: number) => number;
  vLineWidth?: (line: number) => number;
  hLineColor?: (line: number) => string;
  vLineColor?: (line: number) => string;
  fillColor?: () => string;
  paddingLeft?: (column: number) => number;
  paddingRight?: (column: number) => number;
  paddingTop?: (row: number) => number;
  paddingBottom?: (row: number) => number;
}

export interface TableNode {
  table: {
    body: TextNode[][];
    widths: (number | string)[];
    headerRows?: number;
    keepWithHeaderRows?: number;
    dontBreakRows?: boolean;
  };
  layout?: TableLayout | 'noBorders';
  margin?: TextNode['margin'];
}

export type Content =
  | TextNode
  | TableNode
  | { stack: Content[]; margin?: TextNode['margin'] }
  | { columns: TextNode[]; fontSize?: number; color?: string; margin?: TextNode['margin'] };

export interface DocumentDefinition {
  content: Content[];
  pageSize: 'A4';
  pageMargins: [left: number, top: number, right: number, bottom: number];
  language: string;
  displayTitle: boolean;
  info: Record<string, string | Date>;
  defaultStyle: Omit<TextNode, 'text'>;
  header: (page: number, pages: number) => Content | '';
  footer: (page: number, pages: number) => Content;
  pageBreakBefore: (node: {
    readonly headlineLevel?: number;
    /** From 0 at the top of the page to 1. */
    readonly startPosition: { readonly verticalRatio: number };
  }) => boolean;
}
