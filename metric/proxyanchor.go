package metric

import . "github.com/gomlx/gomlx/core/graph"

// ProxyAnchor is the loss of Kim et al. 2020 (equation 4), in which the proxies are the anchors. Written with distances, its
// two parts are for each proxy with examples of its class in the batch, and for every proxy,
//
//	log(1 + Σ_same exp(scale·(d − 1 + margin)))      log(1 + Σ_different exp(scale·(1 − d + margin)))
//
// With [Mean] each part is divided by its number of proxies, as in the paper, which has the cosine distance, margin 0.1 and
// scale 32.
func ProxyAnchor(margin, scale float64) Loss {
	return Loss{Name: "proxy_anchor", Proxies: true, Terms: func(p Pairs) []Terms {
		same, different := Transpose(p.Same, 0, 1), Transpose(p.Different, 0, 1)
		offset := MulScalar(OneMinus(Transpose(p.Distances, 0, 1)), scale) // scale times the similarity
		pull := onePlusSum(AddScalar(Neg(offset), scale*margin), same)
		push := onePlusSum(AddScalar(offset, scale*margin), different)
		parts := []Terms{PerAnchor(pull, AnyOf(same)), PerAnchor(push, LogicalOr(AnyOf(same), AnyOf(different)))}
		for i := range parts {
			parts[i].Labels = p.OtherLabels
		}
		return parts
	}}
}
