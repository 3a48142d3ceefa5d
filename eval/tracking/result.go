package tracking

import (
	"maps"
	"slices"
)

// Counts are all that is counted of a sequence, or of several together.
type Counts struct {
	Clear    Clear
	Identity Identity
	HOTA     HOTA
	Frames   int // with a box
	People   int // ids of the truth
	Tracks   int // ids of the tracker
}

// Count counts one sequence.
func (s Sequence) Count() Counts {
	ids := s.index()
	return Counts{CountClear(s.Events()), s.CountIdentity(), s.CountHOTA(), len(s), len(ids.truth), len(ids.tracks)}
}

// Plus adds another sequence's counts.
func (c Counts) Plus(o Counts) Counts {
	return Counts{c.Clear.Plus(o.Clear), c.Identity.Plus(o.Identity), c.HOTA.Plus(o.HOTA), c.Frames + o.Frames, c.People + o.People, c.Tracks + o.Tracks}
}

// Result are the metrics of a sequence, or of several together; fractions in [0, 1], MOTA at most 1.
type Result struct {
	MOTA      float64 `json:"mota"`
	MOTP      float64 `json:"motp"` // mean IoU of matches
	IDF1      float64 `json:"idf1"`
	IDP       float64 `json:"idp"`
	IDR       float64 `json:"idr"`
	HOTA      float64 `json:"hota"`
	DetA      float64 `json:"deta"`
	AssA      float64 `json:"assa"`
	LocA      float64 `json:"loca"`
	DetRe     float64 `json:"detre"`
	DetPr     float64 `json:"detpr"`
	AssRe     float64 `json:"assre"`
	AssPr     float64 `json:"asspr"`
	Recall    float64 `json:"recall"`
	Precision float64 `json:"precision"`
	TP        int     `json:"tp"`
	FP        int     `json:"fp"`
	FN        int     `json:"fn"`
	IDSW      int     `json:"idsw"`
	Frag      int     `json:"frag"`
	MT        int     `json:"mt"`
	PT        int     `json:"pt"`
	ML        int     `json:"ml"`
	IDTP      int     `json:"idtp"`
	IDFP      int     `json:"idfp"`
	IDFN      int     `json:"idfn"`
	N         int     `json:"n"` // boxes of the truth
	People    int     `json:"people"`
	Tracks    int     `json:"tracks"`
	Frames    int     `json:"frames"`
}

// Result makes metrics of counts.
func (c Counts) Result() Result {
	cl, id, h := c.Clear, c.Identity, c.HOTA
	return Result{
		MOTA: cl.MOTA(), MOTP: cl.MOTP(), IDF1: id.IDF1(), IDP: id.IDP(), IDR: id.IDR(),
		HOTA: h.Value(), DetA: h.DetA(), AssA: h.AssA(), LocA: h.LocA(), DetRe: h.DetRe(), DetPr: h.DetPr(), AssRe: h.AssRe(), AssPr: h.AssPr(),
		Recall: ratio(float64(cl.TP), cl.TP+cl.FN), Precision: ratio(float64(cl.TP), cl.TP+cl.FP),
		TP: cl.TP, FP: cl.FP, FN: cl.FN, IDSW: cl.IDSW, Frag: cl.Frag, MT: cl.MT, PT: cl.PT, ML: cl.ML,
		IDTP: id.TP, IDFP: id.FP, IDFN: id.FN, N: cl.TP + cl.FN, People: c.People, Tracks: c.Tracks, Frames: c.Frames,
	}
}

// Overall adds up sequences: counts are summed, so a long sequence weighs more.
func Overall(sequences map[string]Counts) Counts {
	var all Counts
	for _, name := range slices.Sorted(maps.Keys(sequences)) {
		all = all.Plus(sequences[name])
	}
	return all
}
