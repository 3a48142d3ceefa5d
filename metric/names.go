package metric

// entry is a part by name. Its parameters' usual values are those of the paper its constructor cites.
type entry[T any] struct {
	name       string
	parameters []parameter
	make       func(v values) T
	usual      usual // of losses only
}

// usual is what a loss's authors combine it with.
type usual struct {
	distance, miner, reducer string
	regularizer              func(v values) Regularizer
}

// LossNames lists the losses of a [Choice].
func LossNames() []string { return names(lossEntries()) }

// MinerNames lists the miners of a [Choice].
func MinerNames() []string { return names(minerEntries()) }

// ReducerNames lists the reducers of a [Choice].
func ReducerNames() []string { return names(reducerEntries()) }

func lossEntries() []entry[Loss] {
	return []entry[Loss]{
		{"contrastive", []parameter{{"near", 0, anySize}, {"beyond", 1, anySize}},
			func(v values) Loss { return Contrastive(v["near"], v["beyond"]) },
			usual{"euclidean", "all", "mean_active", nil}},
		{"triplet", []parameter{{"margin", 0.2, anySize}},
			func(v values) Loss { return Triplet(v["margin"]) },
			usual{"squared_euclidean", "semi_hard", "mean_active", nil}},
		{"soft_margin_triplet", nil,
			func(values) Loss { return SoftMarginTriplet() },
			usual{"euclidean", "batch_hard", "mean", nil}},
		{"quadruplet", []parameter{{"margin", 0.2, anySize}, {"between", 0.1, anySize}},
			func(v values) Loss { return Quadruplet(v["margin"], v["between"]) },
			usual{"squared_euclidean", "all", "mean_active", nil}},
		{"margin", []parameter{{"margin", 0.2, anySize}, {"boundary", 1.2, anySize}},
			func(v values) Loss { return Margin(v["margin"], v["boundary"]) },
			usual{"euclidean", "distance_weighted", "mean_active", nil}},
		{"n_pairs", []parameter{{"temperature", 0.1, positive}},
			func(v values) Loss { return NPairs(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"nt_xent", []parameter{{"temperature", 0.1, positive}},
			func(v values) Loss { return NTXent(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"supcon", []parameter{{"temperature", 0.1, positive}},
			func(v values) Loss { return SupCon(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"multi_similarity", []parameter{{"alpha", 2, positive}, {"beta", 50, positive}, {"center", 0.5, anySize}},
			func(v values) Loss { return MultiSimilarity(v["alpha"], v["beta"], v["center"]) },
			usual{"cosine", "multi_similarity", "mean", nil}},
		{"circle", []parameter{{"margin", 0.4, anySize}, {"scale", 80, positive}},
			func(v values) Loss { return Circle(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"lifted_structure", []parameter{{"margin", 1, anySize}, {"scale", 1, positive}},
			func(v values) Loss { return LiftedStructure(v["margin"], v["scale"]) },
			usual{"euclidean", "all", "mean", nil}},
		{"fast_ap", []parameter{{"bins", 10, natural}, {"farthest", 4, positive}},
			func(v values) Loss { return FastAP(int(v["bins"]), v["farthest"]) },
			usual{"squared_euclidean", "all", "mean", nil}},
		{"threshold_consistent", []parameter{{"near", 0.1, anySize}, {"beyond", 0.5, anySize}},
			func(v values) Loss { return ThresholdConsistent(v["near"], v["beyond"]) },
			usual{"cosine", "all", "mean", nil}},
		{"normalized_softmax", []parameter{{"scale", 20, positive}},
			func(v values) Loss { return NormalizedSoftmax(v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"cosface", []parameter{{"margin", 0.35, anySize}, {"scale", 64, positive}},
			func(v values) Loss { return CosFace(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"arcface", []parameter{{"margin", 0.5, anySize}, {"scale", 64, positive}},
			func(v values) Loss { return ArcFace(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"sub_center_arcface", []parameter{{"margin", 0.5, anySize}, {"scale", 64, positive}, {"centers", 3, natural}},
			func(v values) Loss { return SubCenters(ArcFace(v["margin"], v["scale"]), int(v["centers"])) },
			usual{"cosine", "all", "mean", nil}},
		{"proxy_nca", []parameter{{"temperature", 1.0 / 9, positive}},
			func(v values) Loss { return ProxyNCA(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"proxy_anchor", []parameter{{"margin", 0.1, anySize}, {"scale", 32, positive}},
			func(v values) Loss { return ProxyAnchor(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"soft_triple", []parameter{
			{"scale", 20, positive}, {"gamma", 0.1, positive}, {"margin", 0.01, anySize}, {"centers", 10, natural}, {"tau", 0.2, anySize}},
			func(v values) Loss { return SoftTriple(v["scale"], v["gamma"], v["margin"], int(v["centers"])) },
			usual{"cosine", "all", "mean", func(v values) Regularizer { return SparseCenters(v["tau"]) }}},
	}
}

func minerEntries() []entry[Miner] {
	margin := []parameter{{"margin", 0.2, anySize}}
	return []entry[Miner]{
		{name: "all", make: func(values) Miner { return All() }},
		{name: "easy", parameters: margin, make: func(v values) Miner { return Easy(v["margin"]) }},
		{name: "semi_hard", parameters: margin, make: func(v values) Miner { return SemiHard(v["margin"]) }},
		{name: "hard", make: func(values) Miner { return Hard() }},
		{name: "batch_hard", make: func(values) Miner { return BatchHard() }},
		{name: "batch_semi_hard", make: func(values) Miner { return BatchSemiHard() }},
		{name: "easy_positive", make: func(values) Miner { return EasyPositive() }},
		{name: "distance_weighted", parameters: []parameter{{"nearest", 0.5, positive}, {"farthest_drawn", 1.4, chord}},
			make: func(v values) Miner { return DistanceWeighted(v["nearest"], v["farthest_drawn"]) }},
		{name: "multi_similarity", parameters: []parameter{{"slack", 0.1, anySize}},
			make: func(v values) Miner { return Informative(v["slack"]) }},
		{name: "angular", parameters: []parameter{{"degrees", 45, acute}},
			make: func(v values) Miner { return Angular(v["degrees"]) }},
	}
}

func reducerEntries() []entry[Reducer] {
	return []entry[Reducer]{
		{name: "sum", make: func(values) Reducer { return Sum() }},
		{name: "mean", make: func(values) Reducer { return Mean() }},
		{name: "mean_active", make: func(values) Reducer { return MeanActive() }},
		{name: "per_class", make: func(values) Reducer { return PerClass() }},
		{name: "divisor", parameters: []parameter{{"divisor", 1, positive}}, make: func(v values) Reducer { return Divisor(v["divisor"]) }},
	}
}
