// Comma-separated values (RFC 4180) as rows of texts; also with semicolons or tabs, whichever the first line has most. Pure.

export interface Csv {
  head: string[]
  rows: string[][]
  isCut: boolean // there are more rows
}

function separatorOf(text: string): string {
  const line = text.slice(0, text.search(/[\r\n]|$/))
  const count = (mark: string) => line.split(mark).length
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}

export function readCsv(text: string, rowsMax: number): Csv {
  const source = text.replace(/^\uFEFF/, '')
  const separator = separatorOf(source)
  const all: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  const endCell = () => {
    row.push(cell)
    cell = ''
  }
  const endRow = () => {
    endCell()
    if (row.length > 1 || row[0] !== '') all.push(row)
    row = []
  }
  for (let k = 0; k < source.length; k++) {
    const mark = source[k]!
    if (isQuoted) {
      if (mark !== '"') cell += mark
      else if (source[k + 1] === '"') cell += source[++k]!
      else isQuoted = false
    } else if (mark === '"' && cell === '') isQuoted = true
    else if (mark === separator) endCell()
    else if (mark === '\n') {
      endRow()
      if (all.length > rowsMax + 1) break
    } else if (mark !== '\r') cell += mark
  }
  if (cell !== '' || row.length > 0) endRow()
  const [head = [], ...rows] = all
  return { head, rows: rows.slice(0, rowsMax), isCut: rows.length > rowsMax }
}

/** Whether all of a column are numbers: it stands to the right. */
export function isNumeric(rows: string[][], column: number): boolean {
  const values = rows.map((row) => row[column] ?? '').filter((value) => value !== '')
  return values.length > 0 && values.every((value) => /^[-+]?(\d[\d,_ ]*)?\.?\d+(e[-+]?\d+)?%?$/i.test(value))
}
