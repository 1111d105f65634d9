# Reference numbers of a stepped wedge: least squares with effects of sites and periods on the raw
# rows of rows.csv, CR2 by site with Satterthwaite degrees of freedom (clubSandwich).
#   Rscript tests/reference/stepped_wedge/reference.R > tests/reference/stepped_wedge/reference.json
suppressMessages(library(clubSandwich))
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
rows <- read.csv(file.path(here, "rows.csv"))
settled <- rows[rows$settling == 0, ]
means <- aggregate(cbind(score, came, need) ~ site + step + period + crossed + since, rows, mean)

line <- function(data, outcome, arm, covariates = "") {
  fit <- lm(as.formula(paste(outcome, "~ factor(site) + factor(period)", covariates, "+", arm)), data)
  picked <- grep(if (arm == "crossed") "^crossed$" else "^factor\\(since\\)", names(coef(fit)))
  contrast <- rep(0, length(coef(fit)))
  contrast[picked] <- 1 / length(picked)
  test <- linear_contrast(fit, vcov = "CR2", cluster = data$site, contrasts = matrix(contrast, 1), level = .95)
  c(estimate = test$Est, std_error = test$SE, df = test$df)
}
shown <- list(
  immediate = line(rows, "score", "crossed"),
  exposure_averaged = line(rows, "score", "factor(since)"),
  immediate_adjusted = line(rows, "score", "crossed", "+ need"),
  exposure_averaged_adjusted = line(rows, "score", "factor(since)", "+ need"),
  immediate_binary = line(rows, "came", "crossed"),
  immediate_transition = line(settled, "score", "crossed"),
  exposure_averaged_transition = line(settled, "score", "factor(since)"),
  immediate_cluster_periods = line(means, "score", "crossed"),
  exposure_averaged_cluster_periods = line(means, "score", "factor(since)")
)
# The design alone: so many clusters cross at each of some steps, one mean per cluster and period of variance 1.
design <- function(each, steps, arm) {
  data <- expand.grid(period = 0:steps, site = seq_len(each * steps))
  data$step <- (data$site - 1) %% steps + 1
  data$since <- pmax(0, data$period - data$step + 1)
  data$crossed <- as.numeric(data$since > 0)
  set.seed(1)
  data$y <- rnorm(nrow(data))
  x <- model.matrix(as.formula(paste("~ factor(site) + factor(period) +", arm)), data)
  picked <- grep(if (arm == "crossed") "^crossed$" else "^factor\\(since\\)", colnames(x))
  contrast <- rep(0, ncol(x))
  contrast[picked] <- 1 / length(picked)
  c(std_error = sqrt(drop(contrast %*% solve(crossprod(x)) %*% contrast)), df = unname(line(data, "y", arm)["df"]))
}
shown <- c(shown, list(
  design_6x4_immediate = design(6, 4, "crossed"), design_6x4_averaged = design(6, 4, "factor(since)"),
  design_2x3_immediate = design(2, 3, "crossed"), design_2x3_averaged = design(2, 3, "factor(since)")
))
quoted <- function(text) paste0('"', text, '"')
cat("{\n \"made_by\": ", quoted(paste0(R.version.string, ", clubSandwich ", packageVersion("clubSandwich"))), ",\n", sep = "")
entries <- sapply(names(shown), function(name) paste0(
  " ", quoted(name), ": {", paste0(quoted(names(shown[[name]])), ": ", sprintf("%.15g", shown[[name]]), collapse = ", "), "}"))
cat(paste(entries, collapse = ",\n"), "\n}\n", sep = "")
