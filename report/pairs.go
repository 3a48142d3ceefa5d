package report

import (
	"fmt"
	"html/template"
	"image"
)

// PicturePair is two pictures and the distance that a model gives them.
type PicturePair struct {
	A, B     image.Image
	Names    [2]string // what they show; said once where they are equal
	Distance float64
	Verdict  Verdict // the model's: [Right] or [Wrong], or [Unmarked] without a threshold
}

// Told are the names, each once.
func (p PicturePair) Told() []string {
	if p.Names[0] == p.Names[1] {
		return p.Names[:1]
	}
	return p.Names[:]
}

// Tiles are the two pictures.
func (p PicturePair) Tiles() [2]Tile {
	return [2]Tile{{Image: p.A, Caption: p.Names[0]}, {Image: p.B, Caption: p.Names[1]}}
}

// Class names the verdict in the style sheet.
func (p PicturePair) Class() string { return p.Verdict.class() }

// PicturePairs shows pairs of pictures side by side, each with its distance.
type PicturePairs []PicturePair

var pairsTemplate = template.Must(template.Must(sheetTemplate.Clone()).Funcs(template.FuncMap{
	"distance": func(d float64) string { return fmt.Sprintf("%.3f", d) },
}).New("pairs").Parse(`<div class="pairs">{{range .}}
<figure class="pair {{.Class}}"><div>{{range .Tiles}}{{template "tile" .}}{{end}}</div>
<figcaption><b>{{distance .Distance}}</b>{{if eq .Class "right"}} <span class="is-right" title="judged rightly">✓</span>{{else if eq .Class "wrong"}} <span class="is-wrong" title="judged wrongly">✗</span>{{end}}
{{range .Told}}<span class="name">{{breakable .}}</span>{{end}}</figcaption></figure>{{end}}
</div>`))

// HTML implements [Part].
func (p PicturePairs) HTML() (template.HTML, error) { return fill(pairsTemplate, []PicturePair(p)) }
