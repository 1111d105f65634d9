# Boundaries by rpact and crossing probabilities by mvtnorm: Rscript tests/reference/looks.R > tests/reference/looks.csv
suppressPackageStartupMessages({
  library(rpact); library(mvtnorm)
})
say <- function(id, ...) cat(paste(c(id, sprintf("%.12g", c(...))), collapse = ","), "\n", sep = "")
fifths <- (1:5) / 5
uneven <- c(0.15, 0.5, 0.7, 1)
thirds <- (1:3) / 3
design <- function(times, alpha, kind) {
  getDesignGroupSequential(kMax = length(times), alpha = alpha, sided = 2, typeOfDesign = kind, informationRates = times,
                           tolerance = 1e-10)
}
kinds <- c(obrien_fleming = "asOF", pocock = "asP")
for (name in names(kinds)) {
  say(paste0("spent.", name, ".fifths"), design(fifths, 0.05, kinds[[name]])$criticalValues)
  say(paste0("spent.", name, ".uneven"), design(uneven, 0.05, kinds[[name]])$criticalValues)
  say(paste0("spent.", name, ".thirds"), design(thirds, 0.0125, kinds[[name]])$criticalValues)
}
# The chance of crossing above before below, and of standing at z or above at the last look if nothing was crossed.
correlation <- function(times) outer(times, times, function(s, t) sqrt(pmin(s, t) / pmax(s, t)))
at_least <- function(times, bounds, z, drift) {
  found <- 0
  for (k in seq_along(times)) {
    on <- times[1:k]
    low <- c(-bounds[seq_len(k - 1)], if (k < length(times)) bounds[k] else z)
    high <- c(bounds[seq_len(k - 1)], Inf)
    found <- found + if (k == 1) pnorm(high - drift * sqrt(on)) - pnorm(low - drift * sqrt(on)) else
      pmvnorm(low, high, mean = drift * sqrt(on), corr = correlation(on), algorithm = Miwa(steps = 2048))[1]
  }
  found
}
beyond <- function(times, bounds, drift) at_least(times, bounds, tail(bounds, 1), drift)
set.seed(1)
classical <- list(pocock = design(fifths, 0.05, "P"), obrien_fleming = design(fifths, 0.05, "OF"))
for (name in names(classical)) {
  bounds <- classical[[name]]$criticalValues
  drift <- (qnorm(0.975) + qnorm(0.8)) * sqrt(getDesignCharacteristics(
    getDesignGroupSequential(kMax = 5, alpha = 0.05, beta = 0.2, sided = 2, informationRates = fifths, tolerance = 1e-10,
                             typeOfDesign = c(pocock = "P", obrien_fleming = "OF")[[name]]))$inflationFactor)
  say(paste0("classical.", name), bounds, beyond(fifths, bounds, 0), drift, beyond(fifths, bounds, drift))
}
every <- function(looks) beyond((1:looks) / looks, rep(qnorm(0.975), looks), 0)
say("peeking", every(2), every(3), every(4), every(5))
bounds <- design(uneven, 0.05, "asOF")$criticalValues
for (drift in c(-1, 0, 2.8)) for (z in c(0.3, 1.9, 2.6)) {
  say(sprintf("stagewise.%g.%g", drift, z), at_least(uneven, bounds, z, drift))
}
