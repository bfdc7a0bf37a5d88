module.exports = require("hdr-image-transfer-cache");
