package recipe

// Settings are what a recipe can be told to do otherwise, by the names of their JSON fields: those that all recipes have, and those
// of the kind of data that it learns from.
type Settings struct {
	EncoderSettings
	ObjectiveSettings
	Data Data
	ScheduleSettings
}

// EncoderSettings choose the encoder, an architecture of package encoder with the settings that it has, and its input.
type EncoderSettings struct {
	Encoder string  `json:"encoder"`
	Size    int     `json:"size"` // input, pixels a side; 0 is the architecture's own
	Dim     int     `json:"dim"`  // of an embedding; 0 is the architecture's own
	Widths  []int   `json:"widths"`
	Blocks  int     `json:"blocks"`
	MaxPool bool    `json:"max_pool"`
	Dropout float64 `json:"dropout"`
	Flatten bool    `json:"flatten"`
	Height  int     `json:"height"` // of the input where it is no square
	Mirror  bool    `json:"mirror"` // averages an image's embedding with its mirror image's
	Init    string  `json:"init"`   // how the weights of Koch's networks begin: empty as the paper has them, or he
}

// ObjectiveSettings say what is learned from a batch, and how its examples are chosen.
type ObjectiveSettings struct {
	// Objective is "pairs" (binary cross-entropy of Koch's pair head), "all_pairs" (the same for all pairs of some images of some
	// classes, where Loss may say what same, near and far pairs count), or one of [metric.LossNames] with its numbers Loss, such as
	// margin, temperature or scale, where they are not the authors' own. Mining is one of [metric.MinerNames], empty for the one
	// that the loss's authors use; Memory is how many embeddings of past batches a batch is compared with besides.
	Objective string             `json:"objective"`
	Loss      map[string]float64 `json:"loss"`
	Mining    string             `json:"mining"`
	Memory    int                `json:"memory"`

	// Pairs is how many pairs make a batch of the objective "pairs"; Pool is how many different ones there are, 0 for ever new ones.
	Pairs int `json:"pairs"`
	Pool  int `json:"pool"`

	// Refresh above 0 looks through the whole data set after so many steps, again and again, for what the network takes for one
	// another. Then Hard is the part of the examples that are chosen by it: the least alike of a class, and Together classes that
	// look alike, or in pairs the most alike of two classes.
	Refresh  int     `json:"refresh"`
	Hard     float64 `json:"hard"`
	Together int     `json:"together"`

	// Distort is "none", "koch" (his affine distortions), "moderate" (smaller ones, three in four applied), "light" (smaller
	// still) or "photo" (mirror, crop, light and colours).
	Distort string `json:"distort"`
}

// ScheduleSettings say how the steps change the weights, and when they are looked at.
type ScheduleSettings struct {
	Steps     int    `json:"steps"` // at most
	Optimizer string `json:"optimizer"`
	// Rate is that of all layers but those that Rates names. It rises over the first fortieth of the steps and falls to 0 along a
	// cosine, or, with Fall above 0, is multiplied by Fall after every epoch.
	Rate  float64 `json:"rate"`
	Rates ByLayer `json:"rates"`
	Fall  float64 `json:"fall"`
	// Momentum is for sgd; with Ramp above 0 it rises from 0.5 over so many epochs. L2 times the squares of a layer's weights is added
	// to the loss.
	Momentum ByLayer `json:"momentum"`
	Ramp     int     `json:"ramp"`
	L2       ByLayer `json:"l2"`
	// ProxyRate is how many times as fast the proxies learn where the loss has one of every class, 0 for just as fast: a class is
	// in few of the batches, the encoder's weights in all.
	ProxyRate float64 `json:"proxy_rate"`
	Decay     float64 `json:"decay"`   // of weights, with adamw
	Average   float64 `json:"average"` // of weights over steps
	// Whiten above 0 makes the finished encoder's embeddings vary alike in all directions within a class, shrunk by this much.
	Whiten float64 `json:"whiten"`

	// Validation is how many alphabets, or identities, are kept out of training: to choose the threshold, and with Patience the
	// best weights. Of the identities it is a fifth at most.
	Validation int `json:"validation"`
	Every      int `json:"every"`    // steps between validations
	Patience   int `json:"patience"` // validations without a better one before training stops; 0 never stops
	Trials     int `json:"trials"`   // one-shot trials of a validation, or pairs where there are identities
}
