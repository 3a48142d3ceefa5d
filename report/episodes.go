package report

import (
	"html/template"
	"image"
)

// Episode is one N-way 1-shot question and its answer.
type Episode struct {
	Query   image.Image
	Support []image.Image // one per way
	True    int           // the right way
	Chosen  int           // the way that the model took, -1 for none
}

// Right says whether the model took the right way.
func (e Episode) Right() bool { return e.Chosen == e.True }

// Ways are the support pictures with the right one and a wrong choice marked.
func (e Episode) Ways() []Tile {
	tiles := make([]Tile, len(e.Support))
	for way, picture := range e.Support {
		tiles[way].Image = picture
		switch way {
		case e.True:
			tiles[way].Verdict = Right
		case e.Chosen:
			tiles[way].Verdict = Wrong
		}
	}
	return tiles
}

// Columns is how many ways stand in a row on a page: rows of at most eight, as equal as can be.
func (e Episode) Columns() int {
	rows := max((len(e.Support)+7)/8, 1)
	return (len(e.Support) + rows - 1) / rows
}

// Asked is the query's picture.
func (e Episode) Asked() Tile { return Tile{Image: e.Query, Verdict: Query} }

// Episodes shows example episodes: each query beside the pictures it was to be found among.
type Episodes []Episode

var episodesTemplate = template.Must(template.Must(sheetTemplate.Clone()).New("episodes").Parse(`<div>
<p class="legend"><span><i class="query"></i>asked</span><span><i class="right"></i>right answer</span><span><i class="wrong"></i>the model's wrong choice</span></p>
<div class="episodes">{{range .}}
<div class="episode"><div class="asked">{{template "tile" .Asked}}{{if .Right}}<span class="is-right">✓ right</span>{{else}}<span class="is-wrong">✗ wrong</span>{{end}}</div>
<div class="ways" style="grid-template-columns: repeat({{.Columns}}, minmax(0, 60px))">{{range .Ways}}{{template "tile" .}}{{end}}</div></div>{{end}}
</div></div>`))

// HTML implements [Part].
func (e Episodes) HTML() (template.HTML, error) { return fill(episodesTemplate, []Episode(e)) }

// Sheet returns the episodes as a contact sheet, one row each: the query and then the ways.
func (e Episodes) Sheet() Sheet {
	var s Sheet
	for _, episode := range e {
		s.Columns = max(s.Columns, 1+len(episode.Support))
	}
	for _, episode := range e {
		row := append([]Tile{episode.Asked()}, episode.Ways()...)
		for len(row) < s.Columns {
			row = append(row, Tile{Verdict: Nothing}) // fewer ways than the longest row
		}
		s.Tiles = append(s.Tiles, row...)
	}
	return s
}
