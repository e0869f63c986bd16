// A resource folder as gsMap's users have it, of what this pipeline computed, so that a test can bring it back.
process GSMAP_RESOURCE {
    input:
    path reference

    output:
    path 'gsMap_resource'

    script:
    """
    #!/usr/bin/env python3
    from pathlib import Path
    import anndata

    data = anndata.read_h5ad("${reference}")
    matrix, weights = Path("gsMap_resource/quick_mode"), Path("gsMap_resource/LDSC_resource/weights_hm3_no_hla")
    matrix.mkdir(parents=True)
    weights.mkdir(parents=True)
    anndata.AnnData(data.X, obs=data.obs[["CHR", "BP"]], var=data.var[[]]).write_h5ad(matrix / "snp_gene_weight_matrix.h5ad")
    table = data.obs[["CHR", "BP", "w_ld"]].rename(columns={"w_ld": "L2"}).rename_axis("SNP").reset_index()
    for number in range(1, 23):
        rows = table.loc[table["CHR"] == number, ["CHR", "SNP", "BP", "L2"]]
        rows.to_csv(weights / f"weights.{number}.l2.ldscore.gz", sep="\\t", index=False)
    """

    stub:
    """
    mkdir -p gsMap_resource/quick_mode
    touch gsMap_resource/quick_mode/snp_gene_weight_matrix.h5ad
    """
}
