package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/siam-go/siam/stats"
)

// Number is one headline figure.
type Number struct {
	Label string
	Value string // as it is to be read, such as "2,031 pairs/s"
	Note  string // one line below; may be empty
	// Interval draws the value and its 95 % confidence interval on a line from 0 to 1; nil draws nothing.
	Interval *stats.Proportion
}

// Accuracy makes a headline of a measured proportion.
func Accuracy(label string, p stats.Proportion, note string) Number {
	return Number{Label: label, Value: fmt.Sprintf("%.1f %%", 100*p.Value), Note: note, Interval: &p}
}

// Rate is [Accuracy] of an estimate in [0, 1] that is no accuracy.
func Rate(label string, e stats.Estimate, note string) Number {
	return Accuracy(label, stats.Proportion(e), note)
}

// Numbers shows headline figures side by side.
type Numbers []Number

var numbersTemplate = template.Must(template.New("numbers").Funcs(template.FuncMap{
	"unit": func(value string) string {
		_, unit, _ := strings.Cut(value, " ")
		return unit
	},
	"figure": func(value string) string {
		figure, _, _ := strings.Cut(value, " ")
		return figure
	},
	"px":      func(v float64) string { return fmt.Sprintf("%.1f", 198*v) }, // as the mark of 1 is 2 wide
	"percent": func(v float64) string { return fmt.Sprintf("%.1f", 100*v) },
	"width":   func(ci stats.Interval) string { return fmt.Sprintf("%.1f", max(198*(ci[1]-ci[0]), 2)) },
}).Parse(`<div class="numbers">{{range .}}
<div class="number"><div class="value">{{figure .Value}}{{with unit .Value}} <small>{{.}}</small>{{end}}</div>
<div class="label">{{.Label}}</div>
{{with .Note}}<div class="note">{{.}}</div>{{end}}
{{with .Interval}}<div class="interval"><svg viewBox="0 0 200 12" aria-hidden="true">
<rect y="4" width="200" height="4" rx="2" fill="var(--grid)"/>
<rect x="{{px (index .CI95 0)}}" y="3" width="{{width .CI95}}" height="6" rx="2" fill="var(--s0)" fill-opacity=".45"/>
<rect x="{{px .Value}}" y="0" width="2" height="12" rx="1" fill="var(--s0)"/></svg>
95&nbsp;% CI {{percent (index .CI95 0)}}–{{percent (index .CI95 1)}}&nbsp;% · <span class="whole">n = {{.N}}{{with .Of}} {{.}}{{end}}</span></div>{{end}}
</div>{{end}}
</div>`))

// HTML implements [Part].
func (n Numbers) HTML() (template.HTML, error) { return fill(numbersTemplate, []Number(n)) }

// fill runs a part's template.
func fill(t *template.Template, data any) (template.HTML, error) {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}
