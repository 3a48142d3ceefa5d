package report

import (
	"html/template"
	"strings"
)

// Table is rows of text. A column whose cells all begin with a digit, a sign or a dash is set flush right.
type Table struct {
	Title   string // may be empty
	Columns []string
	Rows    [][]string
}

var tableTemplate = template.Must(template.New("table").Parse(`<div class="table">{{with .Title}}<h3>{{.}}</h3>{{end}}
<table><thead><tr>{{range .Head}}<th{{if .Figure}} class="figure"{{end}}>{{.Text}}</th>{{end}}</tr></thead>
<tbody>{{range .Body}}<tr>{{range .}}<td{{if .Figure}} class="figure"{{end}}>{{.Text}}</td>{{end}}</tr>{{end}}</tbody></table></div>`))

type cell struct {
	Text   string
	Figure bool
}

// HTML implements [Part].
func (t Table) HTML() (template.HTML, error) {
	data := struct {
		Title string
		Head  []cell
		Body  [][]cell
	}{Title: t.Title}
	for column, text := range t.Columns {
		data.Head = append(data.Head, cell{text, t.figures(column)})
	}
	for _, row := range t.Rows {
		cells := make([]cell, len(row))
		for column, text := range row {
			cells[column] = cell{text, t.figures(column)}
		}
		data.Body = append(data.Body, cells)
	}
	return fill(tableTemplate, data)
}

// figures says whether the cells of a column are figures.
func (t Table) figures(column int) bool {
	for _, row := range t.Rows {
		if column < len(row) && row[column] != "" && !strings.ContainsRune("0123456789+-−–—.", []rune(row[column])[0]) {
			return false
		}
	}
	return len(t.Rows) > 0
}
